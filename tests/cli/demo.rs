//! `southwell demo`.

use crate::support::Folder;

#[test]
fn the_demo_solves_and_draws() {
    let folder = Folder::new();
    let text = folder.run("demo").ended(0).out;
    for part in
        ["diabetes", "breast cancer", "wine", "bike rentals", "converged", "proven", "bad weather", "holds"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    for plot in [
        "diabetes-path.svg",
        "breast-cancer-rules.svg",
        "bikes-path.svg",
        "completion.svg",
        "bikes-regret.svg",
        "denoising.svg",
    ] {
        let svg = folder.read(&format!("southwell-demo/{plot}"));
        // A frame, its ticks, and a curve of more than a few points.
        let curves = svg.split("<polyline").skip(1);
        let points = |curve: &str| curve.split("points=\"").nth(1).map_or(0, |p| p.matches(',').count());
        assert!(svg.starts_with("<svg") && curves.map(points).max() >= Some(8), "{plot}");
        assert!(text.contains(plot));
    }
    let object = folder.run("demo --json --out elsewhere").ended(0).json();
    assert_eq!(object["problems"].as_array().unwrap().len(), 9);
    assert!(object["problems"].as_array().unwrap().iter().all(|p| p["outcome"] == "converged"));
    assert!(
        folder.path("elsewhere/bikes-path.svg").exists() && folder.path("elsewhere/denoising.png").exists()
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let folder = Folder::new();
    folder.write("file", "");
    assert!(folder.run("demo --out file/folder").ended(2).err.contains("a folder that can be made"));
}
