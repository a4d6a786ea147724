//! Groups by size and from files.

use crate::support::{close, with_small_problem};

#[test]
fn groups_may_be_written_in_several_ways() {
    let folder = with_small_problem();
    folder.write("ids.txt", "left\nleft\nright\nright\nrest\n");
    folder.write("ids_row.csv", "left,left,right,right,rest\n");
    folder.write("names.csv", "column,group\ne,rest\nb,left\na,left\nc,right\nd,right\n");
    folder.write("indices.csv", "0,g1\n1,g1\n2,g2\n3,g2\n4,g3\n");
    let mut objectives = Vec::new();
    for groups in ["2", "ids.txt", "ids_row.csv", "names.csv", "indices.csv"] {
        let ran = format!(
            "bcd --data data.csv --penalty group --lambda 4 --tolerance 1e-10 --groups {groups} --json"
        );
        objectives.push(folder.run(&ran).ended(0).json()["objective"].as_f64().unwrap());
    }
    assert!(objectives.iter().all(|o| close(*o, objectives[0], 1e-9)), "{objectives:?}");
}

#[test]
fn group_weights_are_numbers_pairs_or_roots_of_sizes() {
    let folder = with_small_problem();
    folder.write("names.csv", "column,group\ne,rest\nb,left\na,left\nc,right\nd,right\n");
    folder.write("w.txt", format!("{0:?}\n{0:?}\n1\n", 2_f64.sqrt()));
    folder.write("w.csv", format!("group,weight\nrest,1\nright,{0:?}\nleft,{0:?}\n", 2_f64.sqrt()));
    let mut objectives = Vec::new();
    for weights in ["sqrt", "w.txt", "w.csv"] {
        let ran = format!(
            "bcd --data data.csv --penalty group --lambda 4 --tolerance 1e-10 --groups names.csv --group-weights {weights} --json"
        );
        objectives.push(folder.run(&ran).ended(0).json()["objective"].as_f64().unwrap());
    }
    assert!(objectives.iter().all(|o| close(*o, objectives[0], 1e-9)), "{objectives:?}");
}

#[test]
fn bad_groups_are_refused() {
    let folder = with_small_problem();
    folder.write("few.txt", "a\nb\n");
    folder.write("twice.csv", "a,1\nb,1\na,2\nd,2\ne,3\n");
    folder.write("missing.csv", "a,1\nb,1\nd,2\ne,3\n");
    folder.write("unknown.csv", "a,1\nzz,1\nc,2\nd,2\ne,3\n");
    for (groups, part) in [
        ("few.txt", "few.txt: expected 5 groups, one per column of the data, found 2"),
        ("twice.csv", "twice.csv, row 3: expected each column once, found a again"),
        ("missing.csv", "missing.csv: expected a group for every column, found none for c"),
        ("unknown.csv", "unknown.csv, row 2: expected the name of a column or an index below 5, found 'zz'"),
        ("0", "--groups: expected a size of 1 or more"),
        ("none.csv", "none.csv: expected a file that can be read"),
    ] {
        let ran = folder.run(&format!("bcd --data data.csv --penalty group --groups {groups}")).ended(2);
        assert!(ran.err.contains(part), "{}", ran.err);
    }
    let other = folder.run("bcd --data data.csv --groups 2").ended(2);
    assert!(other.err.contains("--penalty group"), "{}", other.err);
}
