//! Ctrl-C: the answer so far is printed.

#![cfg(unix)]

use crate::support::Folder;
use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn an_interrupt_ends_a_solve_with_the_answer_so_far() {
    let folder = Folder::new();
    // Nearly dependent columns: single coordinates take for ever.
    let mut data = String::from("y,a,b,c,d,e,f,g,h\n");
    for i in 0..12 {
        let row: Vec<String> = (0..8).map(|j| (1.0 / f64::from(i + j + 1)).to_string()).collect();
        writeln!(data, "{},{}", f64::from(i % 5) - 2.0, row.join(",")).unwrap();
    }
    folder.write("data.csv", data);
    let line = "bcd --data data.csv --rule cyclic --block_size 1 --penalty ridge --lambda 1e-12 --tolerance 1e-15 \
                --max_iterations 1000000000000 --max_seconds 100 --json";
    for delay in [1, 2, 4, 8, 16] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_southwell"))
            .args(line.split_whitespace())
            .current_dir(folder.path("."))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_secs(delay));
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let output = child.wait_with_output().unwrap();
        let Some(code) = output.status.code() else {
            // The signal came before the solve began, when it ends the program as it always does.
            continue;
        };
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(code, 1, "{text}");
        let found: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found["outcome"], "cancelled");
        assert!(found["objective"].as_f64().unwrap().is_finite());
        return;
    }
    panic!("no solve began within 16 seconds");
}
