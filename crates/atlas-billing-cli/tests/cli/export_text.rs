//! `export` in a build without Parquet.

use super::atlas::atlas;

#[test]
fn without_parquet_json_lines_are_the_default_and_parquet_is_refused_with_a_way() {
    let (atlas, folder) = (atlas(), tempfile::tempdir().unwrap());
    let to = folder.path().to_str().unwrap();
    let line = ["export", "line-items", "2025-02", "--to", to];
    let said = atlas.fails(2, &[&line[..], &["--format", "parquet"]].concat());
    assert!(said.contains("--features parquet"), "{said}");
    assert!(said.contains("--format jsonl"), "{said}");
    assert_eq!(atlas.asked(), [""; 0]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    atlas.ok(&line);
    let path = "_manifest/line_items/org_id=5f0c1d2e3a4b5c6d7e8f9a0b/billing_period=2025-02.json";
    let manifest = std::fs::read_to_string(folder.path().join(path)).unwrap();
    assert!(manifest.contains(r#""format": "jsonl""#), "{manifest}");
    // Another build wrote Parquet: its manifest is read, and its file replaced.
    let parquet = manifest.replace("jsonl", "parquet");
    std::fs::write(folder.path().join(path), parquet).unwrap();
    let plan = atlas.ok(&[&line[..], &["--dry-run", "-o", "jsonl"]].concat());
    let steps = plan.jsonl();
    assert_eq!(steps[0]["why"], "other settings", "{steps:?}");
}
