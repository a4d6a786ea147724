//! `southwell graph`.

use crate::support::Folder;

#[test]
fn labels_spread_along_edges() {
    let folder = Folder::new();
    folder.write("edges.csv", "from,to,weight\n0,1,1\n2,1,2\n2,3,1\n");
    folder.write("labels.txt", "0 0 1\n3 4 5\n");
    for rule in ["auto", "red-black", "tree-partition", "greedy-tree", "random-tree", "general"] {
        let line = format!(
            "graph --graph edges.csv --labels labels.txt --rule {rule} --tolerance 1e-12 --json --out x.csv --error-bound"
        );
        let found = folder.run(&line).ended(0).json();
        assert_eq!((&found["outcome"], &found["rigor"]), (&"converged".into(), &"proven".into()));
        let x: Vec<Vec<f64>> = folder
            .read("x.csv")
            .lines()
            .map(|l| l.split(',').map(|v| v.parse().unwrap()).collect())
            .collect();
        let off = |i: usize, c: usize, v: f64| (x[i][c] - v).abs();
        assert!(off(1, 0, 1.6) < 1e-11 && off(2, 0, 2.4) < 1e-11 && off(2, 1, 3.4) < 1e-11, "{rule} {x:?}");
        assert!(off(0, 1, 1.0) == 0.0 && off(3, 0, 4.0) == 0.0);
    }
    folder.write("blocks.txt", "0\n0\n1\n0\n");
    let line = "graph --graph edges.csv --labels labels.txt --rule partition --partition-file blocks.txt --trace t.csv";
    let text = folder.run(line).ended(0).out;
    assert!(text.contains("converged") && text.contains("2 unknown"), "{text}");
    assert!(folder.read("t.csv").starts_with("iteration,work,seconds,objective,residual,block\n0,"));
}

#[test]
fn matrices_are_solved_too() {
    let folder = Folder::new();
    folder.write(
        "a.mtx",
        "%%MatrixMarket matrix coordinate real symmetric\n3 3 5\n1 1 2\n2 2 2\n3 3 2\n2 1 -1\n3 2 -1\n",
    );
    folder.write("b.txt", "1\n0\n1\n");
    folder.run("graph --graph a.mtx --rhs b.txt --tolerance 1e-13 --out x.txt").ended(0);
    assert!(folder.numbers("x.txt").iter().all(|x| (x - 1.0).abs() < 1e-12));
    // Two places of two variables: one block.
    folder.write(
        "pairs.mtx",
        "%%MatrixMarket matrix coordinate real symmetric\n4 4 8\n1 1 3\n2 2 3\n3 3 3\n4 4 3\n2 1 1\n4 3 1\n3 1 -1\n4 2 -1\n",
    );
    folder.write("ones.txt", "3\n3\n3\n3\n");
    let blocks =
        "graph --graph pairs.mtx --rhs ones.txt --rule tree-partition --node-size 2 --tolerance 1e-13";
    let found = folder.run(&format!("{blocks} --json --out x.txt")).ended(0).json();
    assert_eq!(found["iterations"], 1);
    assert!(folder.numbers("x.txt").iter().all(|x| (x - 1.0).abs() < 1e-12));
    let refused = |line: &str, text: &str| {
        let err = folder.run(line).ended(2).err;
        assert!(err.contains(text), "{err}");
    };
    refused("graph --graph a.mtx", "--labels or --rhs");
    folder.write("labels.txt", "2 1.5\n");
    refused("graph --graph a.mtx --labels labels.txt", "not negative");
    folder.write("edges.txt", "0 1\n2 3\n");
    refused("graph --graph edges.txt --labels labels.txt", "node 0");
    refused("graph --graph edges.txt --labels labels.txt --base 1", "two nodes of at least 1");
    // Places are those of the file; what the library counts from 0 is said to be so.
    refused("graph --graph edges.txt --labels labels.txt", "a component without a label (2 such nodes)\n");
    folder.write("slip.txt", "O 1\n1 2\n");
    refused("graph --graph slip.txt --labels labels.txt", "slip.txt, line 1");
    folder.write("slip.txt", "a 0\n2 1\n");
    folder.write("pair.txt", "0 1\n1 2\n");
    refused("graph --graph pair.txt --labels slip.txt", "slip.txt, line 1");
    folder.write("one.txt", "1 2\n3 4\n");
    refused("graph --graph one.txt --labels labels.txt --base 1", "node 2: ");
    refused("graph --graph one.txt --labels labels.txt --base 1", "(counted from 0)\n");
    folder.write("twice.txt", "1 5\n2 5\n1 6\n");
    refused("graph --graph one.txt --labels twice.txt --base 1", "twice.txt, line 3");
    folder.write("negative.txt", "0 1\n2 3 -1\n");
    refused("graph --graph negative.txt --labels labels.txt", "negative.txt, line 2");
    folder.write("again.txt", "0 1\n1 0\n");
    refused(
        "graph --graph again.txt --labels labels.txt",
        "again.txt, line 2: expected each edge once (--duplicates sum adds them), found that of line 1 again",
    );
    // Lines are those of the file, blank ones and names included.
    folder.write("again.txt", "from,to\n\n0,1\n\n2,1\n1,0\n");
    refused("graph --graph again.txt --labels labels.txt", "again.txt, line 6: ");
    refused("graph --graph again.txt --labels labels.txt", "that of line 3 again");
    folder.run("graph --graph again.txt --labels labels.txt --duplicates sum").ended(0);
    folder.write("odd.txt", "\n0 1\n\n1 x\n");
    refused("graph --graph odd.txt --labels labels.txt", "odd.txt, line 4: ");
    folder.write("short.txt", "1\n0\n");
    refused("graph --graph a.mtx --rhs short.txt", "short.txt: expected 3 rows");
    folder.write("odd.txt", "0 1 2 3\n");
    refused("graph --graph odd.txt --labels labels.txt", "odd.txt, line 1");
    refused("graph --graph edges.txt --labels edges.txt --rule tree", "did you mean");
    folder.run("graph --graph edges.txt --labels labels.txt --unreached zero --out x.txt").ended(0);
    assert_eq!(folder.numbers("x.txt"), [0.0, 0.0, 1.5, 1.5]);
}
