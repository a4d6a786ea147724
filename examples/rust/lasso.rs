// Solves a small lasso:  cargo run --release --example lasso
use southwell::bcd::{Problem, solve};
use southwell::numerics::{DenseView, Matrix, Order};
use southwell::runtime::{Control, Family, Options, Result};

fn main() -> Result<()> {
    let a = [1.0, 0.0, 2.0, 0.0, -1.0, 0.0, 0.0, 3.0, 0.0, 1.0, 0.0, 1.0]; // column by column
    let y = [2.1, -2.9, 4.2, -1.1, -1.9, -0.8];
    let view = DenseView { data: &a[..], rows: 6, cols: 2, ld: 6, order: Order::ColumnMajor };
    let mut options = Options::new(Family::Bcd);
    options.set_real("lambda_ratio", 0.1)?;
    let found = solve(&Problem::new(Matrix::dense(view)?, &y)?, &options, None, &mut Control::new())?;
    println!("{}: {:?}, within {:.1e}", found.outcome.name(), found.coef, found.certificate.value);
    Ok(())
}
