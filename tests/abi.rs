//! What programs that are already linked rely on: symbols, SONAME, layouts, types; and that unloading leaves nothing.
//!
//! `UPDATE_ABI=1 cargo test --release --test abi` writes the baselines anew. That is right after adding a function, and
//! wrong for anything else within a SONAME.
#![cfg(target_os = "linux")]

mod toolbox;

use std::ffi::{CStr, c_char, c_void};
use std::fmt::Write;
use std::process::Command;
use toolbox::*;

fn update() -> bool {
    std::env::var_os("UPDATE_ABI").is_some()
}

/// The declarations of the header: return type, name, arguments.
fn declarations() -> Vec<(String, String, String)> {
    let header = std::fs::read_to_string(root().join("include/southwell.h")).unwrap();
    let code: Vec<&str> = header.lines().map(|l| l.split("//").next().unwrap_or("")).collect();
    let code = code.join(" ");
    let mut found = Vec::new();
    for part in code.split("SWL_API ").skip(1) {
        let Some(end) = part.find(");") else { continue };
        let part = &part[..end];
        let open = part.find('(').unwrap();
        let name_at = part[..open].rfind("swl_").unwrap();
        let squeeze = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        if part[..name_at].contains("define") {
            continue;
        }
        found.push((
            squeeze(&part[..name_at]),
            part[name_at..open].trim().into(),
            squeeze(&part[open + 1..]),
        ));
    }
    found
}

#[test]
fn only_the_published_symbols_are_exported() {
    let output = run(Command::new("nm").args(["-D", "--defined-only"]).arg(folder().join(soname())));
    let output = String::from_utf8(output.stdout).unwrap();
    let mut symbols: Vec<&str> = output.lines().filter_map(|l| l.split_whitespace().last()).collect();
    symbols.sort_unstable();
    let symbols = symbols.join("\n") + "\n";
    assert!(symbols.lines().all(|s| s.starts_with("swl_")), "{symbols}");
    let mut declared: Vec<String> = declarations().into_iter().map(|d| d.1).collect();
    declared.sort();
    assert_eq!(declared.join("\n") + "\n", symbols, "the header and the library differ");
    let path = root().join("tests/abi/symbols.txt");
    if update() {
        std::fs::write(&path, &symbols).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), symbols, "tests/abi/symbols.txt");
}

#[test]
fn the_static_library_defines_the_same_functions() {
    let output = run(Command::new("nm").args(["-g", "--defined-only"]).arg(folder().join("libsouthwell.a")));
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut symbols: Vec<&str> = output
        .lines()
        .filter_map(|l| l.split_whitespace().last())
        .filter(|s| s.starts_with("swl_"))
        .collect();
    symbols.sort_unstable();
    assert_eq!(
        symbols.join("\n") + "\n",
        std::fs::read_to_string(root().join("tests/abi/symbols.txt")).unwrap()
    );
}

#[test]
fn the_soname_is_that_of_the_minor_version() {
    let output = run(Command::new("readelf").arg("-d").arg(folder().join(soname())));
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains(&format!("soname: [{}]", soname())), "{output}");
}

#[test]
fn structs_have_the_published_layout_in_c() {
    let source = root().join("tests/abi/layout.c");
    let mut command = compiler(&source);
    command.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I"]);
    run(command.arg(root().join("include")).arg(&source));
}

/// A C library with every function of the header and empty bodies: its debug information is the interface.
fn shim() -> std::path::PathBuf {
    let mut text = String::from("#include <southwell.h>\n");
    for (kind, name, arguments) in declarations() {
        let names: Vec<&str> = arguments
            .split(',')
            .filter_map(|a| a.split(['*', ' ']).next_back())
            .filter(|a| !a.is_empty() && *a != "void")
            .collect();
        let used: String = names.iter().map(|n| format!("(void){n}; ")).collect();
        let end = if kind == "void" { "" } else { "return 0;" };
        writeln!(text, "{kind} {name}({arguments}) {{ {used}{end} }}").unwrap();
    }
    // Views that no function takes directly still are part of the interface.
    text.push_str("swl_dense swl_shim_dense; swl_sparse swl_shim_sparse; swl_trace_row swl_shim_row;\n");
    let (source, shim) = (std::path::Path::new("shim.c"), folder().join("libshim.so"));
    std::fs::write(folder().join(source), text).unwrap();
    let mut command = compiler(source);
    command.current_dir(folder());
    command.args(["-g", "-shared", "-fPIC", "-I"]).arg(root().join("include"));
    run(command.arg(source).arg("-Wl,-soname,libshim.so").arg("-o").arg(&shim));
    shim
}

#[test]
#[cfg(target_arch = "x86_64")] // the baseline is of that architecture
fn no_type_of_the_interface_has_changed() {
    if !has_tool("abidiff") || !has_tool("abidw") {
        return;
    }
    let shim = shim();
    let baseline = root().join(format!("tests/abi/{}.abi", soname().trim_start_matches("libsouthwell.so.")));
    if update() {
        let mut abidw = Command::new("abidw");
        abidw.args(["--no-corpus-path", "--no-show-locs", "--no-comp-dir-path", "--out-file"]).arg(&baseline);
        run(abidw.arg(&shim));
    }
    let output = Command::new("abidiff").arg(&baseline).arg(&shim).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Bit 4: something changed; bit 8: incompatibly.
    assert_eq!(output.status.code(), Some(0), "{text}");
}

/// Threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Waits until there are so many threads again: the kernel takes a moment to clear away one that has ended.
fn settle(expected: usize) {
    for _ in 0..200 {
        if threads() == expected {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{} threads, {expected} expected", threads());
}

#[test]
fn no_thread_stays_after_a_solve_and_unloading() {
    // In a process of its own: the test harness has threads that come and go.
    if std::env::var_os("SWL_TEST_UNLOAD").is_none() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "no_thread_stays_after_a_solve_and_unloading", "--test-threads=1"]);
        run(child.env("SWL_TEST_UNLOAD", "1"));
        return;
    }
    let before = threads();
    for _ in 0..3 {
        // SAFETY: the library runs no code when it is loaded.
        let library = unsafe { libloading::Library::new(folder().join(soname())) }.unwrap();
        // SAFETY: the types are those of the header.
        unsafe { solve_with_threads(&library) };
        settle(before);
        library.close().unwrap();
        settle(before);
    }
}

#[repr(C)]
struct Dense {
    data: *const f64,
    rows: i64,
    cols: i64,
    ld: i64,
    scalar: i32,
    order: i32,
}
#[repr(C)]
struct Matrix {
    kind: i32,
    pad: i32,
    view: *const c_void,
}
#[repr(C)]
struct Vector {
    data: *const f64,
    len: i64,
    scalar: i32,
    pad: i32,
}

type Handle = *mut c_void;

/// # Safety
/// `library` is the one under test.
unsafe fn solve_with_threads(library: &libloading::Library) {
    type New = unsafe extern "C" fn(*const Matrix, *const Vector, Handle, Handle, Handle, *mut Handle) -> i32;
    let (rows, cols) = (3000_i64, 40_i64);
    let data: Vec<f64> = (0..rows * cols).map(|k| ((k * k % 1013) as f64).sin()).collect();
    let target: Vec<f64> = (0..rows as usize).map(|i| data[i] - data[i + rows as usize]).collect();
    let dense = Dense { data: data.as_ptr(), rows, cols, ld: rows, scalar: 0, order: 0 };
    let matrix = Matrix { kind: 0, pad: 0, view: (&raw const dense).cast() };
    let vector = Vector { data: target.as_ptr(), len: rows, scalar: 0, pad: 0 };
    let mut info = [0_u64; 14];
    info[0] = 112;
    let (mut options, mut problem): (Handle, Handle) = (std::ptr::null_mut(), std::ptr::null_mut());
    let null = std::ptr::null_mut();
    // SAFETY: the types are those of the header, and every pointer is alive.
    unsafe {
        let new_options =
            library.get::<unsafe extern "C" fn(*const c_char, *mut Handle) -> i32>(b"swl_options_new");
        assert_eq!(new_options.unwrap()(c"bcd".as_ptr(), &mut options), 0);
        let set =
            library.get::<unsafe extern "C" fn(Handle, *const c_char, i64) -> i32>(b"swl_options_set_i64");
        assert_eq!(set.unwrap()(options, c"threads".as_ptr(), 4), 0);
        let new = library.get::<New>(b"swl_bcd_new").unwrap();
        assert_eq!(new(&matrix, &vector, null, null, null, &mut problem), 0);
        let solve =
            library.get::<unsafe extern "C" fn(Handle, Handle, Handle, *mut u64) -> i32>(b"swl_bcd_solve");
        assert_eq!(solve.unwrap()(problem, options, null, info.as_mut_ptr()), 0);
        let name = library.get::<unsafe extern "C" fn(i32) -> *const c_char>(b"swl_outcome_name").unwrap();
        assert_eq!(CStr::from_ptr(name((info[0] >> 32) as i32)), c"converged");
        library.get::<unsafe extern "C" fn(Handle)>(b"swl_bcd_free").unwrap()(problem);
        library.get::<unsafe extern "C" fn(Handle)>(b"swl_options_free").unwrap()(options);
    }
}
