//! What the command line takes.

use super::{bench, bilevel, option_flags};
use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};
use southwell::runtime::Family;
use std::path::PathBuf;

/// The whole command.
pub fn command() -> Command {
    Command::new("southwell")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Solves optimization problems and proves how good the answers are")
        .after_help(
            "Exit codes: 0 converged (or verified), 1 an answer that falls short, 2 refused input or usage.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .max_term_width(110)
        .subcommand(bcd())
        .subcommand(graph())
        .subcommand(cv())
        .subcommand(altmin())
        .subcommand(groupwise())
        .subcommand(bilevel())
        .subcommand(verify())
        .subcommand(predict())
        .subcommand(list_options())
        .subcommand(demo())
        .subcommand(bench())
}

fn bcd() -> Command {
    Command::new("bcd")
        .about("Fit a regression or classifier by block coordinate descent")
        .args(data_flags())
        .args(shape_flags())
        .args([
            file("targets", "For --loss multi-squared: a table with one target per column for each row")
                .conflicts_with_all(["target", "target-column", "positive"]),
            file("start", "Start from these coefficients: one a line, or a model"),
        ])
        .args([
            Arg::new("path").long("path").value_name("N").value_parser(value_parser!(u32).range(1..=10_000)).help(
                "Solve for N strengths, evenly spaced on a log scale from lambda_max down to the one asked for",
            ),
            lambdas("Solve for these strengths instead, each below the one before: numbers between commas, or a file with one a line; also for ridge and hinge"),
            file("path-out", "Write the path as CSV: lambda, objective, certificate, nonzeros, intercept, coefficients")
                .requires("strengths"),
            switch(
                "identify",
                "Also say which coefficients are 0 in every solution, how far the active set is from a change, and whether there is one solution only",
            ),
            json(),
            file("out", "Write the coefficients, one a line (several outputs: one row per feature), 17 digits"),
            file("model", "Write the whole model as JSON, for verify and predict"),
            file("trace", "Write the state at each check of the certificate as CSV"),
            file("plot", "Write a plot as SVG: coefficients over lambda with --path or --lambdas, convergence otherwise"),
        ])
        .group(ArgGroup::new("strengths").args(["path", "lambdas"]))
        .args(option_flags::flags(Family::Bcd))
}

fn graph() -> Command {
    Command::new("graph")
        .about("Propagate labels on a graph, or minimize a sparse quadratic")
        .args([
            file("graph", "The graph: a symmetric Matrix Market file, or a list of edges: two nodes and a weight (none: 1)")
                .required(true),
            file("labels", "Labels: lines of a node and its value, or several values"),
            file("rhs", "Instead of labels: the columns of b; the graph file is the matrix of 1/2 x'Ax - b'x then")
                .conflicts_with("labels"),
            Arg::new("base")
                .long("base")
                .value_name("0|1")
                .value_parser(value_parser!(i64).range(0..=1))
                .help("The number of the first node in lists of edges and labels [default: 0]"),
            file("partition-file", "For --rule partition: the block of each node, one number a line"),
            json(),
            file("out", "Write the values, a line for each node, 17 digits"),
            file("trace", "Write the state at each iteration as CSV"),
        ])
        .args(option_flags::flags(Family::Graph))
}

fn altmin() -> Command {
    let size = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("N")
            .value_parser(value_parser!(u64).range(1..u64::from(u32::MAX)))
            .help(help)
    };
    Command::new("altmin")
        .about("Complete a matrix from some of its entries by a matrix of low rank")
        .args([
            file("train", "The entries: lines of row, column and value (further cells have no effect), or a Matrix Market file; also gzipped")
                .required_unless_present("model"),
            file("model", "Apply a model that --save-model wrote, without a fit")
                .conflicts_with_all(["train", "weights", "rows", "cols", "out", "trace", "plot", "ridges", "ranks", "save-model"]),
            file("save-model", "Write the whole model in binary form, for --model and swl_altmin_load"),
            switch("save-entries", "Write the entries into it too, so that it can be updated, solved again, and asked for error bars")
                .requires("save-model"),
            file("test", "Entries to report the error of, in the same form"),
            Arg::new("base")
                .long("base")
                .value_name("0|1")
                .value_parser(value_parser!(i64).range(0..=1))
                .help("The number of the first row and column in lines of entries [default: 0]"),
            size("rows", "Rows of the matrix [default: as many as the files show]"),
            size("cols", "Columns of the matrix [default: as many as the files show]"),
            file("weights", "A weight >= 0 for each entry"),
            file("prior-rows", "Prior means of the factor of the rows that the ridge draws it to: a table with a row for each row of the matrix and as many columns as the rank"),
            file("prior-cols", "Those of the factor of the columns"),
            file("predict", "Places to predict: lines of row and column").requires("predictions"),
            file("predictions", "Write the predictions, one a line, 17 digits").requires("predict"),
            file("error-bars", "Write the standard deviation of each prediction, one a line").requires("predict"),
            Arg::new("top")
                .long("top")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .requires("top-out")
                .help("Find the N best columns of rows, without those of known entries"),
            Arg::new("top-rows")
                .long("top-rows")
                .value_name("LIST")
                .requires("top")
                .help("The rows for --top, between commas [default: all]"),
            file("top-out", "Write what --top finds as CSV: row, column, prediction").requires("top"),
            Arg::new("ridges")
                .long("ridges")
                .value_name("LIST")
                .allow_hyphen_values(true)
                .conflicts_with("ranks")
                .help("Complete for these ridges, each below the one before, each from the last; numbers between commas. The best by --held-out, or the last, is written and reported"),
            Arg::new("ranks")
                .long("ranks")
                .value_name("LIST")
                .allow_hyphen_values(true)
                .help("The same for these ranks, each above the one before"),
            json(),
            file("out", "Write the factors to PREFIX.u.npy and PREFIX.v.npy, and biases to PREFIX.row_bias.npy and PREFIX.col_bias.npy")
                .value_name("PREFIX"),
            file("trace", "Write the state at each sweep as CSV"),
            file("plot", "Write the convergence as SVG; with --ridges or --ranks, the errors along them"),
        ])
        .args(option_flags::flags(Family::Altmin))
}

fn groupwise() -> Command {
    let stream = [
        "label",
        "positive",
        "group",
        "categorical",
        "ignore",
        "scale",
        "group-features",
        "no-always-on",
        "out",
    ];
    Command::new("groupwise")
        .about("Predict the labels of a file row by row, with low regret on every group of rows")
        .args([
            file("data", "The rows: delimited text with a line of names, also gzipped").required(true),
            Arg::new("label").long("label").value_name("COLUMN").required_unless_present("load").help("The column of the labels"),
            Arg::new("positive")
                .long("positive")
                .value_name("LABEL")
                .allow_hyphen_values(true)
                .help("Take rows with this label as 1 and all others as 0"),
            Arg::new("group").long("group").value_name("NAME:RULE").action(ArgAction::Append).help(
                "A group of rows, as in 'young:age<=35' or 'men who smoke:sex=male&smoker=yes' (<=, >=, <, >, =, !=, parted by &); or the name of a column of 0 and 1. Again for each group",
            ),
            columns("categorical", "Columns of numbers that name categories"),
            columns("ignore", "Columns that are no features"),
            switch("scale", "Scale columns of numbers to [0, 1] by their least and largest"),
            switch("group-features", "Add the groups to the features, 1 where a row is in one"),
            switch("no-always-on", "Without the group that all rows are in"),
            switch("shuffle", "Take the rows in random order, by --seed, instead of that of the file"),
            json(),
            file("predictions", "Write the prediction of each row, made before its label was known, one a line, 17 digits"),
            file("out", "Write the round log, for verify --log"),
            file("plot", "Write the regret on each group over the rounds as SVG"),
            file("save", "Write the stream to PREFIX.swl, for --load and swl_groupwise_load, and its columns to PREFIX.json")
                .value_name("PREFIX"),
            file("load", "Go on with a saved stream").value_name("PREFIX").conflicts_with_all(stream),
        ])
        .args(option_flags::flags(Family::Groupwise))
}

pub fn bilevel() -> Command {
    let size = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("N")
            .value_parser(value_parser!(u64).range(1..=65_536))
            .help(help)
    };
    Command::new("bilevel")
        .about("Learn the parameters of a problem by what its solution is worth on other data")
        .arg(
            Arg::new("problem")
                .value_name("PROBLEM")
                .required(true)
                .value_parser(bilevel::PROBLEMS)
                .help("Strengths of ridge, logistic, multinomial, elastic-net or lasso regression; or of denoising by total variation (tv), or filters too (foe: a field of experts)"),
        )
        .args(judging_files())
        .mut_arg("validation", |arg| arg.conflicts_with("folds"))
        .mut_arg("observed", |arg| arg.conflicts_with("noise"))
        .args([
            word("target-column", "NAME|INDEX", "Delimited text: the column of the target, by name or index from 0 (negative: from the end) [default: the last]"),
            word("positive", "LABEL", "Take rows with this label as 1 and all others as -1"),
            Arg::new("features")
                .long("features")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..=i32::MAX as u64))
                .help("LIBSVM: the number of columns, where the file does not show all of them"),
            switch("intercept", "Add an intercept, with a fixed ridge of 1e-6 (lasso, and elastic-net with --smoothing 0: unpenalized)"),
            word("smoothing", "X", "elastic-net: where absolute values are rounded off; 0: not at all, so that solutions are sparse [default: 0.001]"),
            Arg::new("loss").long("loss").value_name("NAME").value_parser(["squared", "logistic"]).help("elastic-net, lasso: the loss [default: squared]"),
        ])
        .args([
            word("noise", "SIGMA", "Instead of --observed: add normal noise of this deviation (white is 1) by --seed"),
            size("shrink", "Shrink pictures by this factor first (means of squares)"),
            size("size", "Then take the square of so many pixels in the middle"),
            Arg::new("coupling").long("coupling").value_name("NAME").value_parser(["isotropic", "anisotropic"]).help("tv: how differences come together [default: isotropic]"),
            size("filters", "foe: the number of filters [default: 8]"),
            size("side", "foe: taps along a side of a filter [default: 5]"),
            file("pictures", "Write each picture as observed, as restored and as it should be, side by side, as PNG").value_name("DIR"),
        ])
        .args([
            word("start", "LIST|FILE", "Parameters to start from: numbers between commas, one for all of them, or a file"),
            json(),
            file("out", "Write the parameters, one a line, 17 digits"),
            file("solution", "Write the lower solution: a line for each column, with a number for each class and fold"),
            file("model", "Write the parameters, the lower solutions and the adjoints as JSON, for verify"),
            file("trace", "Write every decision, with the inequality that made it, as CSV"),
            file("plot", "Write the upper value over the work as SVG"),
            file("plot-accuracies", "Write the accuracies of the steps as SVG"),
        ])
        .args(option_flags::flags(Family::Bilevel))
}

/// The files that parameters are learned from.
fn judging_files() -> [Arg; 6] {
    let pictures = |name: &'static str, help: &'static str| {
        file(name, help).value_name("FILE|DIR").num_args(1..).action(ArgAction::Append)
    };
    [
        file("train", "Tables: the rows of the lower level, with their targets"),
        file("validation", "The rows that parameters are judged by"),
        word(
            "folds",
            "K|FILE",
            "Instead of --validation: the number of folds, dealt at random by --seed, or a file with the fold of each row",
        ),
        word(
            "strengths",
            "NAME|FILE",
            "Which coefficients share a strength: all (single), those of a feature (per-feature), of a class (per-class), none (per-weight), or those of a group (a file with the group of each column from 0, one a line) [default: single]",
        ),
        pictures("truth", "Pictures as they should be: PNG, PGM or PPM files, or folders of them"),
        pictures("observed", "The same as they are observed, in the same order"),
    ]
}

fn word(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).allow_hyphen_values(true).help(help)
}

fn cv() -> Command {
    Command::new("cv")
        .about("Choose the strength of the penalty by cross-validation, and fit all rows with it")
        .args(data_flags())
        .args(shape_flags())
        .args([
            Arg::new("path").long("path").value_name("N").default_value("50").value_parser(value_parser!(u32).range(1..=10_000)).help(
                "Strengths, evenly spaced on a log scale from lambda_max down to the one asked for (--lambda or --lambda-ratio; here 0.001 unless set)",
            ),
            lambdas("These strengths instead, each below the one before: numbers between commas, or a file with one a line; also for ridge and hinge")
                .conflicts_with("path"),
            Arg::new("folds").long("folds").value_name("K|FILE").default_value("10").help(
                "The number of folds, dealt at random by --seed, or a file with the fold of each row",
            ),
            Arg::new("choose").long("choose").value_name("NAME").default_value("best").value_parser(["best", "one-se"]).help(
                "The strength that is fitted: that of the least mean loss, or the largest within one standard error of it",
            ),
            json(),
            file("out", "Write the coefficients at the chosen strength, one a line, 17 digits"),
            file("model", "Write the whole model at the chosen strength as JSON, for verify and predict"),
            file("curve-out", "Write the curve as CSV: lambda, mean, standard error, nonzeros, the loss of each fold"),
            file("plot", "Write the curve as SVG"),
        ])
        .args(option_flags::flags(Family::Bcd))
}

fn verify() -> Command {
    Command::new("verify")
        .about("Recompute the certificate of a model from the raw data, or the figures of a round log")
        .arg(file("model", "The model, as written by --model").required_unless_present("log"))
        .arg(
            file("log", "Instead: a round log, as southwell groupwise --out writes it; with --data its rounds must be those of that file")
                .conflicts_with_all(["model", "target", "target-column", "positive", "features", "weights", "offset", "targets", "tolerance", "train", "truth"]),
        )
        .args(data_flags())
        .mut_arg("data", |arg| arg.required(false).required_unless_present_any(["log", "train", "truth"]))
        .args(judging_files())
        .arg(file("targets", "The table of targets of a model of several tasks"))
        .arg(
            Arg::new("tolerance")
                .long("tolerance")
                .value_name("X")
                .help("Verify against this relative tolerance instead of the model's own"),
        )
        .arg(json())
}

fn predict() -> Command {
    Command::new("predict")
        .about("Predict new rows with a model")
        .arg(file("model", "The model, as written by --model").required(true))
        .args(data_flags())
        .mut_arg("target-column", |arg| {
            arg.help("Delimited text: the column of the target, by name or index from 0 (negative: from the end) [default: none; with --score the last]")
        })
        .args([
            file("targets", "With --score: the table of targets of a model of several tasks"),
            switch(
                "mean",
                "Predict the mean of the target (a probability, for softmax of each class; a rate) instead of the linear predictor",
            ),
            switch("score", "Report how well the model fits the targets of these rows"),
            file("out", "Write the predictions there, one a line, instead of to stdout"),
            json(),
        ])
}

fn list_options() -> Command {
    Command::new("options").about("List the options of the solvers").args([
        Arg::new("family").value_name("FAMILY").help("One family alone"),
        switch("markdown", "Print the page of the documentation"),
    ])
}

fn demo() -> Command {
    Command::new("demo").about("Solve real problems in seconds and draw plots").args([
        file("out", "The folder for the plots").value_name("DIR").default_value("southwell-demo"),
        json(),
    ])
}

fn bench() -> Command {
    Command::new("bench")
        .about("Run an experiment of the papers: curves as CSV and SVG, and a table beside the published outcomes")
        .after_help("Exit code 0 only if every published outcome that was computed on the same data is met.")
        .args([
            Arg::new("experiment")
                .value_name("NAME")
                .value_parser(bench::names().collect::<Vec<_>>())
                .hide_possible_values(true)
                .default_value(bench::LIST)
                .help("One of the experiments, 'bcd' for all figures on block coordinate descent, or 'list' for the names"),
            file("data", "groupwise-medical, groupwise-adult: the folder with insurance/ and adult/ [default: ../shared/data/groupwise]; bilevel-tv, bilevel-foe: the folder with kodak/ and bsd68/ [default: ../shared/data/images; pictures are generated where it is absent]; bilevel-multinomial: the file of digits")
                .value_name("DIR"),
            file("out", "The folder for the files").value_name("DIR").default_value("southwell-bench"),
            switch("full", "bilevel-foe: the size of the paper as far as a machine of two cores allows, methods at their defaults alone"),
            switch("quick", "Small data and few iterations, compared with nothing: does it run?"),
            count("runs", "altmin-recovery, altmin-noise, groupwise-*: runs of each cell [default: 200, 5, and 10]"),
            count("seed", "altmin-recovery, altmin-noise: the seed of the first run [default: 0]"),
            count("threads", "altmin-recovery, altmin-noise, altmin-scaling, bilevel-*, groupwise-*: threads [default: 1]"),
        ])
}

/// What belongs to columns.
fn shape_flags() -> [Arg; 4] {
    [
        file("linear", "A linear term of the objective: a number for each column, times its coefficient"),
        file("penalty-factors", "Factor on the penalty of each column: one number per column, 0 for unpenalized"),
        Arg::new("groups").long("groups").value_name("SIZE|FILE").help(
            "Groups for --penalty group and sparse-group: the size of consecutive groups, or a file with the group of each column (one a line, or lines of column,group)",
        ),
        Arg::new("group-weights").long("group-weights").value_name("sqrt|FILE").help(
            "Weight of each group: the root of its size, or a file (one a line, groups in order of their first column, or lines of group,weight) [default: 1]",
        ),
    ]
}

/// Where the problem comes from.
fn data_flags() -> [Arg; 7] {
    [
        file("data", "The rows: LIBSVM, MatrixMarket, NPY, CSV or other delimited text, each also gzipped")
            .required(true),
        file("target", "The target of each row, instead of that in the data file")
            .conflicts_with("target-column"),
        Arg::new("target-column")
            .long("target-column")
            .value_name("NAME|INDEX")
            .allow_hyphen_values(true)
            .help("Delimited text: the column of the target, by name or index from 0 (negative: from the end) [default: the last]"),
        Arg::new("positive")
            .long("positive")
            .value_name("LABEL")
            .allow_hyphen_values(true)
            .help("Take rows with this label as 1 and all others as -1"),
        Arg::new("features")
            .long("features")
            .value_name("N")
            .value_parser(value_parser!(u64).range(1..=i32::MAX as u64))
            .help("LIBSVM: the number of columns, where the file does not show all of them"),
        file("weights", "A weight >= 0 for each row"),
        file("offset", "A number for each row that is added to the linear predictor"),
    ]
}

fn file(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf)).help(help)
}

fn count(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("N").value_parser(value_parser!(u64)).help(help)
}

fn columns(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("COLUMN,..").action(ArgAction::Append).help(help)
}

fn lambdas(help: &'static str) -> Arg {
    Arg::new("lambdas").long("lambdas").value_name("LIST|FILE").allow_hyphen_values(true).help(help)
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

fn json() -> Arg {
    switch("json", "Print one JSON object instead of a table")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_is_well_formed() {
        super::command().debug_assert();
    }
}
