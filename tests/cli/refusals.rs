//! What is refused, and whether the message says where and why.

use crate::support::with_small_problem;

#[test]
fn bad_files_are_named_with_their_place() {
    let folder = with_small_problem();
    folder.write("word.csv", "a,b,y\n1,2,3\n4,oops,6\n");
    folder.write("short.csv", "a,b,y\n1,2,3\n4,5\n");
    folder.write("missing.csv", "a,b,y\n1,,3\n");
    folder.write("bad.svm", "1 1:2 2:x\n");
    folder.write("order.svm", "1 1:2\n-1 2:1 2:3\n");
    folder.write("bad.mtx", "%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 5\n");
    folder.write("a.npy", b"\x93NUMPY\x01\x00");
    folder.write("cut.csv.gz", b"\x1f\x8b\x08\x00");
    folder.write("m.mtx", "%%MatrixMarket matrix array real general\n2 1\n1\n2\n");
    folder.write("y3.txt", "1\n2\n3\n");
    folder.write("w.txt", format!("{}-1\n", "1\n".repeat(39)));
    for (flags, parts) in [
        ("--data word.csv", &["word.csv", "line 3", "column 2 (b)", "oops"][..]),
        ("--data short.csv", &["short.csv", "line 3", "3 cells"]),
        ("--data missing.csv", &["missing.csv", "line 2", "column 2 (b)", "missing value"]),
        ("--data bad.svm", &["bad.svm", "line 1", "x"]),
        ("--data order.svm", &["order.svm", "line 2"]),
        ("--data bad.mtx --target y3.txt", &["bad.mtx", "line 3"]),
        ("--data a.npy --target y3.txt", &["a.npy"]),
        ("--data cut.csv.gz", &["cut.csv.gz", "gzip"]),
        ("--data absent.csv", &["absent.csv", "a file that can be read"]),
        ("--data m.mtx", &["m.mtx", "--target FILE"]),
        ("--data m.mtx --target y3.txt", &["y3.txt", "2 numbers, one per row", "3"]),
        ("--data data.csv --weights w.txt", &["w.txt", "row 40", "a weight >= 0", "-1"]),
        ("--data data.csv --target-column z", &["data.csv", "'z'"]),
        ("--data data.csv --positive yes", &["--positive", "\"yes\""]),
        ("--data labels.csv --positive 7", &["labels.csv", "positive label 7"]),
        (
            "--data labels.csv --loss logistic",
            &["labels.csv", "target of row", "-1 or 1", "--positive LABEL", "found 0"],
        ),
        ("--data data.csv --loss poisson", &["data.csv", "target of row", "a number >= 0"]),
    ] {
        let ran = folder.run(&format!("bcd {flags}")).ended(2);
        assert!(ran.err.starts_with("southwell: "), "{}", ran.err);
        assert!(parts.iter().all(|part| ran.err.contains(part)), "{flags}: {}", ran.err);
        assert_eq!(ran.out, "");
    }
}

#[test]
fn bad_options_are_told_with_the_nearest() {
    let folder = with_small_problem();
    for (flags, parts) in [
        ("--tolerence 1", &["--tolerence", "--tolerance"][..]),
        ("--option tolerence=1", &["tolerence", "did you mean \"tolerance\"?"]),
        ("--option tolerance", &["--option", "key=value"]),
        ("--loss logistik", &["\"logistik\"", "did you mean \"logistic\"?", "poisson"]),
        ("--rule gsz", &["gsz", "did you mean"]),
        ("--tolerance -1", &["tolerance", "[0, inf]", "-1"]),
        ("--greedy-sample 0", &["greedy_sample", "a number in (0, 1]", "found 0"]),
        ("--huber-delta 0", &["huber_delta", "a number in (0, inf)"]),
        ("--tolerance nan", &["tolerance", "NaN"]),
        ("--block-size 0", &["block_size", "[1, 4096]"]),
        ("--block-size two", &["block_size", "an integer", "\"two\""]),
        ("--intercept maybe", &["intercept", "true or false"]),
        ("--lambda 1 --lambda-ratio 0.1", &["either lambda or lambda_ratio"]),
        ("--penalty ridge --lambda-ratio 0.1", &["ridge"]),
        ("--path 5 --penalty ridge", &["lambda", "lambda_max"]),
        ("--path 5 --lambda-ratio 2", &["lambda", "lambda_max"]),
        ("--path 0", &["--path", "0"]),
        ("--path-out p.csv", &["--path"]),
        ("--target data.csv --target-column y", &["--target", "cannot be used with"]),
        ("--group-weights sqrt", &["--group-weights", "--groups"]),
        ("--out no/such/folder/x.txt", &["no/such/folder/x.txt", "a file that can be written"]),
    ] {
        let ran = folder.run(&format!("bcd --data data.csv {flags}")).ended(2);
        assert!(ran.err.starts_with("southwell: "), "{}", ran.err);
        assert!(parts.iter().all(|part| ran.err.contains(part)), "{flags}: {}", ran.err);
    }
    assert!(folder.run("").ended(2).err.starts_with("southwell: expected a command, found none\n"));
    assert!(folder.run("verfy").ended(2).err.contains("'verify'"));
}
