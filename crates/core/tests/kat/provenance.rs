//! That the committed files are the published ones, unmodified.

use openmls::prelude::{HashType, OpenMlsCrypto, OpenMlsProvider};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{file, passive, vectors};

const README: &str = include_str!("../vectors/README.md");

#[test]
fn the_committed_files_are_those_that_the_readme_lists() {
    let mut listed: Vec<_> = README.lines().filter_map(listed).collect();
    let mut committed: Vec<_> = vectors::ALL.iter().map(|(name, bytes)| (sha256(bytes), plain(name))).collect();
    for list in [&mut listed, &mut committed] {
        list.sort_by(|one, other| one.1.cmp(&other.1));
    }
    assert_eq!(listed, committed);
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn no_file_lies_in_the_folder_unlisted() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| name != "LICENSE" && name != "README.md");
    names.sort();
    assert_eq!(names, vectors::ALL.map(|(name, _)| name));
}

/// A line of the README's lists: four spaces, the hash, the name of the uncompressed file.
fn listed(line: &str) -> Option<(String, String)> {
    let (hash, name) = line.strip_prefix("    ")?.split_once("  ")?;
    Some((hash.to_owned(), name.to_owned()))
}

fn plain(name: &str) -> String {
    name.strip_suffix(".gz").unwrap().to_owned()
}

fn sha256(compressed: &[u8]) -> String {
    let text = file::unpacked(compressed).unwrap();
    let hash = passive::provider().crypto().hash(HashType::Sha2_256, &text).unwrap();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
