//! Line charts as SVG: one look for every plot of the command.

use super::axis::{Axis, Ticked, extent};
use super::output;
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use southwell::runtime::{Error, ErrorKind, Result};
use std::io::Write;
use std::path::Path;

/// Okabe and Ito's colours, which most colour-blind people can tell apart, without the yellow that pales on white.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];
const GREY: RGBColor = RGBColor(150, 150, 150);
const GRID: RGBColor = RGBColor(228, 228, 228);
const INK: RGBColor = RGBColor(51, 51, 51);
/// Units of drawing in a pixel: places are whole numbers of units, and lines would look ragged in whole pixels.
const UNIT: i32 = 4;
const WIDTH: i32 = 860 * UNIT;
const HEIGHT: i32 = 520 * UNIT;
/// Room at the right for the names of the lines.
const NAMES: i32 = 150 * UNIT;
/// Height of a name.
const LINE: i32 = 17 * UNIT;

/// A line of a chart.
pub struct Line {
    /// Its name; unnamed lines are grey.
    pub name: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

/// Where the names of the lines stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Beside the right ends of the lines.
    AtEnds,
    /// One below the other, with a piece of the line.
    Listed,
}

/// A chart.
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// The axis from left to right.
    pub x: Axis,
    /// The axis from bottom to top.
    pub y: Axis,
    /// The lines, in drawing order.
    pub lines: Vec<Line>,
    /// A dashed level with its name.
    pub level: Option<(String, f64)>,
    /// Where the names of the lines stand.
    pub names: Names,
}

type Plot<'a, 's> = ChartContext<'a, SVGBackend<'s>, Cartesian2d<Ticked, Ticked>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<T> = std::result::Result<T, String>;

/// A line as it is drawn.
struct Placed<'a> {
    name: &'a str,
    colour: RGBColor,
    /// Colours come again after a while; then lines are dashed.
    dashed: bool,
    points: Vec<(f64, f64)>,
}

impl Chart {
    /// Draws the chart into a file.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut svg = String::new();
        self.draw(&mut svg)
            .map_err(|e| Error::new(ErrorKind::Internal, path.display().to_string()).found(e))?;
        let size = |unit: i32| format!("width=\"{}\" height=\"{}\"", WIDTH / unit, HEIGHT / unit);
        let svg = svg.replacen(&size(1), &size(UNIT), 1);
        output::write_file(path, |file| file.write_all(svg.as_bytes()))
    }

    fn placed(&self) -> Vec<Placed<'_>> {
        let mut named = 0;
        let place = |line: &(f64, f64)| Some((self.x.place(line.0)?, self.y.place(line.1)?));
        let mut placed = Vec::new();
        for line in &self.lines {
            let grey = line.name.is_empty() && self.lines.len() > 1;
            placed.push(Placed {
                name: &line.name,
                colour: if grey { GREY } else { COLOURS[named % COLOURS.len()] },
                dashed: !grey && named >= COLOURS.len(),
                points: line.points.iter().filter_map(place).collect(),
            });
            named += usize::from(!grey);
        }
        placed
    }

    fn draw(&self, svg: &mut String) -> Drawn<()> {
        let root = SVGBackend::with_string(svg, (WIDTH as u32, HEIGHT as u32)).into_drawing_area();
        root.fill(&WHITE).map_err(text)?;
        let lines = self.placed();
        let level = self.level.as_ref().and_then(|(name, y)| Some((name, self.y.place(*y)?)));
        let xs = lines.iter().flat_map(|l| l.points.iter().map(|p| p.0));
        let ys = lines.iter().flat_map(|l| l.points.iter().map(|p| p.1)).chain(level.map(|l| l.1));
        let (x, y) = (extent(xs, 0.0), extent(ys, 0.04));
        root.draw(&Text::new(
            self.title.as_str(),
            (84 * UNIT, 14 * UNIT),
            ("sans-serif", 19 * UNIT).into_font().style(FontStyle::Bold).color(&INK),
        ))
        .map_err(text)?;
        let mut chart = ChartBuilder::on(&root)
            .margin_top(44 * UNIT)
            .margin_bottom(10 * UNIT)
            .margin_left(10 * UNIT)
            .margin_right(NAMES)
            .x_label_area_size(52 * UNIT)
            .y_label_area_size(74 * UNIT)
            .build_cartesian_2d(self.x.coordinate(x), self.y.coordinate(y))
            .map_err(text)?;
        self.grid(&mut chart)?;
        if let Some((name, height)) = level {
            let ends = [(x.0, height), (x.1, height)];
            let dashes = DashedLineSeries::new(ends, 6 * UNIT, 5 * UNIT, stroke(INK, 1));
            chart.draw_series(dashes).map_err(text)?;
            let at = chart.backend_coord(&(x.1, height));
            label(&root, name, (at.0 + 8 * UNIT, at.1), INK)?;
        }
        curves(&mut chart, &lines)?;
        let named: Vec<&Placed<'_>> =
            lines.iter().filter(|l| !l.name.is_empty() && !l.points.is_empty()).collect();
        match self.names {
            Names::Listed => list(&root, &named)?,
            Names::AtEnds => {
                let ends = named.iter().map(|l| chart.backend_coord(&l.points[l.points.len() - 1])).collect();
                at_ends(&root, &named, ends)?;
            }
        }
        root.present().map_err(text)
    }

    fn grid(&self, chart: &mut Plot<'_, '_>) -> Drawn<()> {
        chart
            .configure_mesh()
            .set_all_tick_mark_size(5 * UNIT)
            .x_labels(20)
            .y_labels(20)
            .bold_line_style(stroke(GRID, 1))
            .light_line_style(TRANSPARENT)
            .axis_style(stroke(GREY, 1))
            .label_style(("sans-serif", 14 * UNIT).into_font().color(&INK))
            .axis_desc_style(("sans-serif", 15 * UNIT).into_font().color(&INK))
            .x_desc(self.x.label.as_str())
            .y_desc(self.y.label.as_str())
            .x_label_formatter(&|place| self.x.tick(*place))
            .y_label_formatter(&|place| self.y.tick(*place))
            .draw()
            .map_err(text)
    }
}

/// The lines; unnamed ones first, so that they lie below.
fn curves(chart: &mut Plot<'_, '_>, lines: &[Placed<'_>]) -> Drawn<()> {
    for named in [false, true] {
        for line in lines.iter().filter(|line| line.name.is_empty() != named) {
            let width = if named || lines.len() == 1 { 2 } else { 1 };
            let (points, style) = (line.points.iter().copied(), stroke(line.colour, width));
            if line.dashed {
                let dashes = DashedLineSeries::new(points, 7 * UNIT, 4 * UNIT, style);
                chart.draw_series(dashes).map_err(text)?;
            } else {
                chart.draw_series(LineSeries::new(points, style)).map_err(text)?;
            }
        }
    }
    Ok(())
}

/// Names one below the other at the right, each with a piece of its line.
fn list(root: &Area<'_>, lines: &[&Placed<'_>]) -> Drawn<()> {
    let left = WIDTH - NAMES + 12 * UNIT;
    for (k, line) in lines.iter().enumerate() {
        let y = 56 * UNIT + k as i32 * (LINE + 3 * UNIT);
        let piece = PathElement::new(vec![(left, y), (left + 24 * UNIT, y)], stroke(line.colour, 3));
        root.draw(&piece).map_err(text)?;
        label(root, line.name, (left + 32 * UNIT, y), INK)?;
    }
    Ok(())
}

/// Names at the right ends, moved apart where they would touch, with a thin line to the end.
fn at_ends(root: &Area<'_>, lines: &[&Placed<'_>], ends: Vec<(i32, i32)>) -> Drawn<()> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|&k| ends[k].1);
    let mut heights: Vec<i32> = order.iter().map(|&k| ends[k].1).collect();
    for k in 1..heights.len() {
        heights[k] = heights[k].max(heights[k - 1] + LINE);
    }
    // Pushed below the axis: back up, from the last.
    let mut floor = HEIGHT - 68 * UNIT;
    for height in heights.iter_mut().rev() {
        *height = (*height).min(floor);
        floor = *height - LINE;
    }
    for (&k, &height) in order.iter().zip(&heights) {
        let (x, y) = ends[k];
        let guide =
            PathElement::new(vec![(x + 2 * UNIT, y), (x + 14 * UNIT, height)], stroke(lines[k].colour, 1));
        root.draw(&guide).map_err(text)?;
        label(root, lines[k].name, (x + 18 * UNIT, height), lines[k].colour)?;
    }
    Ok(())
}

fn label(root: &Area<'_>, name: &str, at: (i32, i32), colour: RGBColor) -> Drawn<()> {
    let style = ("sans-serif", 14 * UNIT).into_font().color(&colour).pos(Pos::new(HPos::Left, VPos::Center));
    root.draw(&Text::new(name.to_owned(), at, style)).map_err(text)
}

fn stroke(colour: RGBColor, pixels: i32) -> ShapeStyle {
    colour.stroke_width((pixels * UNIT) as u32)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
