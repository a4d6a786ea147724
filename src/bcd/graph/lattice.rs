//! Blocks of a lattice in closed form. Node `column * rows + row` is at (row, column).

/// The two interleaved combs: black, with the last row as its back, and white, with row 0. Each is a tree.
pub fn lattice_combs(rows: usize, columns: usize) -> [Vec<u32>; 2] {
    split(rows, columns, |row, column| row == 0 || (column % 2 == 0 && row + 1 < rows))
}

/// The two colours of a chess board, that of the first node first.
pub fn lattice_colours(rows: usize, columns: usize) -> [Vec<u32>; 2] {
    split(rows, columns, |row, column| (row + column) % 2 == 1)
}

fn split(rows: usize, columns: usize, second: impl Fn(usize, usize) -> bool) -> [Vec<u32>; 2] {
    let mut blocks = [Vec::new(), Vec::new()];
    for column in 0..columns {
        for row in 0..rows {
            blocks[usize::from(second(row, column))].push((column * rows + row) as u32);
        }
    }
    blocks
}
