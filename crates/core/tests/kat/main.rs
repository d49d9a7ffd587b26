//! The test vectors of RFC 9420, natively and as WebAssembly: the same runner over the same files.
//!
//! Natively, `QPC_KAT_DIR` names another folder of files of these formats (`.json` or `.json.gz`); what each file holds
//! is told by its content. In WebAssembly there is no folder: the files are part of the test binary, which
//! `scripts/kat-wasm` runs in Node and in Chromium.
//!
//! What may be skipped is a closed list ([`report::Skip`]); every other case that does not hold fails the run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod file;
#[cfg(not(target_arch = "wasm32"))]
mod folder;
mod headers;
mod json;
mod messages;
mod passive;
mod provenance;
mod report;
mod schema;
mod secrets;
mod teeth;
mod vectors;

use report::{FileReport, Report};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Runs the folder that was asked for, or the committed files, and prints what became of each. It returns a failure of
/// the vectors: a panic would bury the list under a backtrace.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn every_file_holds() -> std::process::ExitCode {
    let report = match folder::asked_for() {
        Ok(Some(folder)) => folder::run(&folder),
        Ok(None) => Ok(committed()),
        Err(reason) => Err(reason),
    };
    let is_good = report.as_ref().is_ok_and(Report::is_good);
    folder::print(&report);
    if let (Ok(report), Ok(None)) = (&report, folder::asked_for()) {
        assert_ran_in_full(report);
    }
    if is_good { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::FAILURE }
}

#[cfg(target_arch = "wasm32")]
#[test]
fn every_file_holds() {
    let report = committed();
    wasm_bindgen_test::console_log!("{report}");
    assert!(report.is_good(), "a vector failed: the list above names it");
    assert_ran_in_full(&report);
}

fn committed() -> Report {
    Report { files: vectors::ALL.iter().map(|(name, bytes)| file::run(name, bytes)).collect() }
}

/// As much of the committed files runs as the docs say: a runner that skips or loses cases does not pass.
fn assert_ran_in_full(report: &Report) {
    let counts = |file: &FileReport| (file.name.clone(), file.passed, file.checked, file.skipped());
    let expected = [
        ("deserialization.json.gz", 14, 14, 0),
        ("external-proposals.json.gz", 0, 0, 1),
        ("grease-key-package.json.gz", 2, 2, 0),
        ("grease-leaf.json.gz", 2, 0, 0),
        ("messages.json.gz", 300, 5_100, 0),
        ("passive-client-handling-commit.json.gz", 39, 78, 52),
        ("passive-client-random.json.gz", 1, 200, 0),
        ("passive-client-welcome.json.gz", 24, 0, 32),
    ];
    let expected = expected.map(|(name, passed, checked, skipped)| (name.to_owned(), passed, checked, skipped));
    assert_eq!(report.files.iter().map(counts).collect::<Vec<_>>(), expected);
}
