mod argsort;
mod forest;
mod nonnegative;
mod objective;
mod sets;
mod stream;
mod table;
