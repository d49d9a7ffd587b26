//! Runs one file: unpacks it, finds out what it holds, and runs every case.

use std::{io::Read, panic::UnwindSafe};

use serde_json::Value;

use crate::{
    headers,
    json::Object,
    messages, passive,
    report::{CaseResult, FileReport},
    schema::Kind,
};

const GZIP: [u8; 2] = [0x1f, 0x8b];

pub(crate) fn run(name: &str, bytes: &[u8]) -> FileReport {
    match cases(bytes) {
        Ok(cases) => run_cases(name, &cases),
        Err(reason) => FileReport::unreadable(name, reason),
    }
}

pub(crate) fn run_cases(name: &str, cases: &[Value]) -> FileReport {
    if cases.is_empty() {
        return FileReport::unreadable(name, "the file holds no case".to_owned());
    }
    let Some(kind) = Kind::of(cases) else {
        return FileReport::unreadable(name, "the cases are of no format that this runner knows".to_owned());
    };
    let mut report = FileReport::new(name, Some(kind));
    for (number, case) in cases.iter().enumerate() {
        report.add(number, caught(|| run_case(kind, case)));
    }
    report
}

fn run_case(kind: Kind, case: &Value) -> CaseResult {
    let case = Object::of(case)?;
    match kind {
        Kind::PassiveClient => passive::run(case),
        Kind::Messages => messages::run(case),
        Kind::Deserialization => headers::run(case),
    }
}

/// A case that makes the library panic has failed, like any other; the rest still run. (WebAssembly aborts: there the
/// runner reports the panic as the test's own.)
fn caught(case: impl FnOnce() -> CaseResult + UnwindSafe) -> CaseResult {
    std::panic::catch_unwind(case).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(format!("panicked: {}", words.unwrap_or("without words")))
    })
}

pub(crate) fn cases(bytes: &[u8]) -> Result<Vec<Value>, String> {
    let text = unpacked(bytes)?;
    let content: Value = serde_json::from_slice(&text).map_err(|error| format!("is not JSON: {error}"))?;
    match content {
        Value::Array(cases) => Ok(cases),
        _ => Err("is not an array of cases".to_owned()),
    }
}

pub(crate) fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes.to_vec());
    }
    let mut text = Vec::new();
    // All members: a file made by joining two is valid gzip, and half of it would be lost in silence.
    let read = flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut text);
    read.map(|_| text).map_err(|error| format!("is not gzip: {error}"))
}
