//! Sums of outer products `S S'` of columns that are packed as they are needed.

use super::gram::Square;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Numbers in a packed panel.
const PANEL_NUMBERS: usize = 1 << 18;
/// Output columns per task.
const TASK_COLUMNS: usize = 64;

/// `S S'` for a matrix `S` of `rows` rows that comes in pieces of consecutive columns: `widths` has the number of
/// columns of each piece, and `pack(piece, out)` writes them column by column into zeros.
///
/// Costs `rows^2` flops a column. Sums run in a fixed order on any number of threads.
pub fn outer_sum(
    rows: usize,
    widths: &[usize],
    pack: impl Fn(usize, &mut [f64]) + Sync,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Square, Stop> {
    let mut sum = Square::zeros(rows);
    if rows == 0 {
        return Ok(sum);
    }
    let most = (PANEL_NUMBERS / rows).max(widths.iter().copied().max().unwrap_or(0)).max(1);
    let mut panel = vec![0.0; most * rows];
    let mut first = 0;
    while first < widths.len() {
        let (mut end, mut count) = (first, 0);
        while end < widths.len() && count + widths[end] <= most {
            count += widths[end];
            end += 1;
        }
        panel[..count * rows].fill(0.0);
        let mut rest = &mut panel[..count * rows];
        for (piece, width) in (first..end).zip(&widths[first..end]) {
            let (out, next) = rest.split_at_mut(width * rows);
            pack(piece, out);
            rest = next;
        }
        let packed = MatRef::from_column_major_slice(&panel[..count * rows], rows, count);
        team.fill(sum.data_mut(), TASK_COLUMNS * rows, |offset, part| {
            let (start, width) = (offset / rows, part.len() / rows);
            let out = MatMut::from_column_major_slice_mut(part, rows, width).subrows_mut(start, rows - start);
            let left = packed.subrows(start, rows - start);
            matmul(out, Accum::Add, left, packed.subrows(start, width).transpose(), 1.0, Par::Seq);
        });
        control.spend((count * rows * (rows + TASK_COLUMNS)) as u64)?;
        first = end;
    }
    sum.mirror_lower();
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::parallel::with_team;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_plain_sum_on_any_number_of_threads(
            data in prop::collection::vec(-2.0..2.0_f64, 70 * 30),
            widths in prop::collection::vec(0..4_usize, 0..10),
        ) {
            let rows = 70;
            let starts: Vec<usize> = widths.iter().scan(0, |start, w| { *start += w; Some(*start - w) }).collect();
            let pack = |piece: usize, out: &mut [f64]| {
                let start = starts[piece] * rows;
                let end = start + out.len();
                out.copy_from_slice(&data[start..end]);
            };
            let one = outer_sum(rows, &widths, pack, &Team::solo(), &mut Control::new()).unwrap();
            let three = with_team(3, |team| outer_sum(rows, &widths, pack, team, &mut Control::new()).unwrap()).unwrap();
            let total: usize = widths.iter().sum();
            for j in 0..rows {
                prop_assert_eq!(one.column(j), three.column(j));
                for i in 0..rows {
                    let plain: f64 = (0..total).map(|k| data[k * rows + i] * data[k * rows + j]).sum();
                    prop_assert!((one.at(i, j) - plain).abs() <= 1e-12);
                }
            }
        }
    }
}
