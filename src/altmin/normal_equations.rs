//! A row's regression by a factorization: of the normal equations, or, where there are fewer observations than columns,
//! of the same in the observations.

use super::observations::Line;
use super::regression::{Bench, CHUNK, EXACT_SHARE, Regression, Room, RowReport, for_chunks, picked};
use crate::numerics::eigen::minimum_norm;
use crate::numerics::gram::Square;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::numerics::tile;
use crate::runtime::{Control, Stop};

/// Rows of a tile that are worked on together, so that a panel of them stays in the nearest cache.
const TILE_ROWS: usize = 128;
/// A pivot below this part of the largest entry means that the residual is not taken from the normal equations.
const TRUSTED_PIVOT: f64 = 1.0 / 1024.0;

/// `Y'WY` (its upper triangle), `Y'Wb` and `b'Wb`.
struct Sums<'s, T> {
    gram: &'s mut [T],
    image: &'s mut [T],
    squares: f64,
}

impl<T: Real> Sums<'_, T> {
    /// Adds the observations of a line, tile after tile.
    fn add(
        &mut self,
        fixed: &Tall<T>,
        line: Line<'_, T>,
        room: &mut Room<T>,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let (k, stride) = (fixed.cols(), fixed.stride());
        for from in (0..line.len()).step_by(TILE_ROWS) {
            let tile = line.part(from..(from + TILE_ROWS).min(line.len()));
            let d = tile.len();
            room.scale(tile);
            room.tile.resize(TILE_ROWS * stride, T::default());
            let roots = (!room.roots.is_empty()).then_some(&room.roots[..]);
            let panels = &mut room.tile[..d * stride];
            tile::gather_panels(picked(fixed, tile), roots, panels);
            tile::add_gram(panels, d, k, self.gram, stride);
            tile::add_panels_times(panels, &room.target, self.image);
            self.squares += room.target.iter().map(|b| b.wide() * b.wide()).sum::<f64>();
            control.spend((d * k * (k + 3)) as u64)?;
        }
        Ok(())
    }
}

impl<T: Real> Bench<'_, T> {
    /// Fills `gram` and `gradient` with `Y'WY` and `Y'Wb`, and gives `b'Wb`.
    fn form(&mut self, line: Line<'_, T>, control: &mut Control<'_>) -> Result<f64, Stop> {
        let stride = self.fixed.stride();
        self.gram.clear();
        self.gram.resize(stride * stride, T::default());
        self.gradient.fill(T::default());
        if line.len() <= CHUNK {
            let mut sums = Sums { gram: &mut self.gram, image: &mut self.gradient, squares: 0.0 };
            sums.add(self.fixed, line, &mut self.room, control)?;
            return Ok(sums.squares);
        }
        // Chunks are added up in double precision, a few at a time.
        let mut gram = vec![0.0; stride * stride];
        let mut image = vec![0.0; stride];
        let mut squares = 0.0;
        let at_once = 8 * CHUNK;
        for from in (0..line.len()).step_by(at_once) {
            let several = line.part(from..(from + at_once).min(line.len()));
            let parts = for_chunks(several, self.team, control, |chunk, control| {
                let (mut gram, mut image) = (vec![T::default(); stride * stride], vec![T::default(); stride]);
                let mut sums = Sums { gram: &mut gram, image: &mut image, squares: 0.0 };
                sums.add(self.fixed, chunk, &mut Room::default(), control)?;
                let squares = sums.squares;
                Ok((gram, image, squares))
            })?;
            for part in &parts {
                gram.iter_mut().zip(&part.0).for_each(|(t, p)| *t += p.wide());
                image.iter_mut().zip(&part.1).for_each(|(t, p)| *t += p.wide());
                squares += part.2;
            }
        }
        self.gram.iter_mut().zip(&gram).for_each(|(g, t)| *g = T::narrow(*t));
        self.gradient.iter_mut().zip(&image).for_each(|(g, t)| *g = T::narrow(*t));
        Ok(squares)
    }

    /// By the normal equations.
    pub(super) fn direct(
        &mut self,
        regression: Regression<'_, T>,
        control: &mut Control<'_>,
    ) -> Result<RowReport, Stop> {
        let Regression { line, ridge, .. } = regression;
        let (k, stride) = (self.fixed.cols(), self.fixed.stride());
        let all = self.form(line, control)?;
        let mut report = RowReport::default();
        let size = (0..k).map(|l| self.gram[l * stride + l].wide()).fold(0.0, f64::max);
        (0..k).for_each(|l| self.gram[l * stride + l] += T::narrow(ridge.strength));
        let floor = 8.0 * k as f64 * T::ROUNDING * (size + ridge.strength);
        self.x[..k].copy_from_slice(&self.gradient[..k]);
        let center = ridge.center.filter(|_| ridge.strength > 0.0);
        if let Some(center) = center {
            let lambda = T::narrow(ridge.strength);
            self.x.iter_mut().zip(center).for_each(|(x, c)| *x += lambda * *c);
        }
        let definite = tile::cholesky(&mut self.gram, k, stride, T::narrow(floor), &mut self.factor);
        if definite {
            tile::cholesky_solve(&self.gram, k, stride, &mut self.x);
        } else {
            report.underdetermined = true;
            let right: Vec<f64> = self.x[..k].iter().map(|v| v.wide()).collect();
            self.form(line, control)?;
            let mut h = Square::zeros(k);
            for a in 0..k {
                for b in a..k {
                    let v = self.gram[a * stride + b].wide();
                    h.column_mut(a)[b] = v;
                    h.column_mut(b)[a] = v;
                }
                h.column_mut(a)[a] += ridge.strength;
            }
            let x = minimum_norm(&h, &right, 8.0 * k as f64 * T::ROUNDING);
            self.x.iter_mut().zip(x).for_each(|(out, x)| *out = T::narrow(x));
        }
        control.spend((k * k * k / 3 + 2 * k * k) as u64)?;
        // b'Wb - x'Y'Wb + lambda x'(c - x) where that keeps enough digits.
        let pivot = (0..k).map(|l| self.gram[l * stride + l].wide()).fold(f64::INFINITY, f64::min);
        let x = || self.x[..k].iter().map(|x| x.wide());
        let fitted: f64 = x().zip(&self.gradient).map(|(x, g)| x * g.wide()).sum();
        let pull: f64 = x().enumerate().map(|(l, x)| x * (center.map_or(0.0, |c| c[l].wide()) - x)).sum();
        let squares = all - fitted + ridge.strength * pull;
        let trusted = definite
            && pivot * pivot >= TRUSTED_PIVOT * (size + ridge.strength)
            && squares >= EXACT_SHARE * T::ROUNDING.sqrt() * all.max(fitted.abs());
        report.squares = if trusted { squares } else { self.squares(line, control)? };
        Ok(report)
    }

    /// `sum w (b - y'x)^2`, from the observations.
    pub(super) fn squares(&self, line: Line<'_, T>, control: &mut Control<'_>) -> Result<f64, Stop> {
        let (k, x) = (self.fixed.cols(), &self.x);
        let parts = for_chunks(line, self.team, control, |chunk, control| {
            let rows = picked(self.fixed, chunk);
            let squares = tile::residual_squares(rows, chunk.weight, chunk.value, x);
            control.spend((2 * chunk.len() * k) as u64)?;
            Ok(squares)
        })?;
        Ok(parts.iter().sum())
    }

    /// `x = c + Y'z` with `(Y Y' + lambda I) z = b - Yc`, for rows times the roots of their weights: with fewer
    /// observations than columns, also of least norm where `lambda` is 0.
    pub(super) fn dual(
        &mut self,
        regression: Regression<'_, T>,
        control: &mut Control<'_>,
    ) -> Result<RowReport, Stop> {
        let Regression { line, ridge, .. } = regression;
        let (k, stride, d) = (self.fixed.cols(), self.fixed.stride(), line.len());
        let side = d.next_multiple_of(T::LANES);
        let room = &mut self.room;
        room.scale(line);
        room.tile.resize((d * stride).max(TILE_ROWS * stride), T::default());
        let roots = (!room.roots.is_empty()).then_some(&room.roots[..]);
        let tile = &mut room.tile[..d * stride];
        tile::gather(picked(self.fixed, line), roots, tile);
        // The columns as rows of panels: their Gram matrix is Y Y'.
        self.factor.clear();
        self.factor.resize(k * side, T::default());
        for (e, row) in tile.chunks_exact(stride).enumerate() {
            let panel = &mut self.factor[e / T::LANES * k * T::LANES..][..k * T::LANES];
            let lane = panel[e % T::LANES..].iter_mut().step_by(T::LANES);
            lane.zip(row).for_each(|(p, y)| *p = *y);
        }
        self.gram.clear();
        self.gram.resize(side * side, T::default());
        tile::add_gram(&self.factor, k, d, &mut self.gram, side);
        control.spend((d * d * k + d * d * d / 3 + 6 * d * k) as u64)?;
        let size = (0..d).map(|l| self.gram[l * side + l].wide()).fold(0.0, f64::max);
        let spare = (ridge.strength == 0.0).then(|| self.gram.clone());
        (0..d).for_each(|l| self.gram[l * side + l] += T::narrow(ridge.strength));
        let floor = T::narrow(8.0 * d as f64 * T::ROUNDING * (size + ridge.strength));
        self.x.fill(T::default());
        if let Some(center) = ridge.center {
            self.x[..k].copy_from_slice(center);
            room.image.resize(d, T::default());
            tile::times(tile, stride, &self.x, &mut room.image);
            room.target.iter_mut().zip(&room.image).for_each(|(b, i)| *b -= *i);
        }
        let mut z = room.target.clone();
        if tile::cholesky(&mut self.gram, d, side, floor, &mut self.factor) {
            tile::cholesky_solve(&self.gram, d, side, &mut z);
        } else if let Some(gram) = spare {
            let mut h = Square::zeros(d);
            for a in 0..d {
                for b in a..d {
                    let v = gram[a * side + b].wide();
                    h.column_mut(a)[b] = v;
                    h.column_mut(b)[a] = v;
                }
            }
            let b: Vec<f64> = z.iter().map(|v| v.wide()).collect();
            let found = minimum_norm(&h, &b, 8.0 * d as f64 * T::ROUNDING);
            z.iter_mut().zip(found).for_each(|(z, v)| *z = T::narrow(v));
        } else {
            z.fill(T::default());
        }
        tile::add_transposed_times(tile, stride, &z, &mut self.x);
        let squares = self.squares(line, control)?;
        Ok(RowReport { squares, underdetermined: ridge.strength == 0.0, ..RowReport::default() })
    }
}
