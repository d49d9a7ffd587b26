//! What became of the cases of a file and of a folder, and how it reads.

use std::{collections::BTreeMap, fmt};

use crate::schema::Kind;

/// Why a case may be left out. There is no other reason: whatever else keeps a case from passing is a failure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Skip {
    /// The provider under our groups does not have the case's cipher suite.
    SuiteNotBuilt(u16),
    /// An external sender proposes something other than to add or to remove a member. openmls takes these two alone of
    /// the five that RFC 9420 §12.1.8 allows. Our groups have no external senders.
    ExternalProposal,
}

impl fmt::Display for Skip {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SuiteNotBuilt(suite) => write!(to, "suite {suite:#06x} is not built"),
            Self::ExternalProposal => to.write_str("openmls takes no such proposal of an external sender"),
        }
    }
}

/// What became of a case that did not fail.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// It holds; `checked` counts what was compared: epochs, structs or headers, by the kind of file.
    Passed {
        checked: usize,
    },
    Skipped(Skip),
}

/// Why a case failed, in words.
pub(crate) type CaseResult = Result<Outcome, String>;

/// What became of one file.
#[derive(Debug)]
pub(crate) struct FileReport {
    pub(crate) name: String,
    /// None where the content is not of a format that we know.
    pub(crate) kind: Option<Kind>,
    pub(crate) passed: usize,
    pub(crate) checked: usize,
    pub(crate) skips: BTreeMap<Skip, usize>,
    pub(crate) failures: Vec<String>,
}

impl FileReport {
    pub(crate) fn new(name: &str, kind: Option<Kind>) -> Self {
        Self { name: name.to_owned(), kind, passed: 0, checked: 0, skips: BTreeMap::new(), failures: Vec::new() }
    }

    pub(crate) fn unreadable(name: &str, reason: String) -> Self {
        Self { failures: vec![reason], ..Self::new(name, None) }
    }

    pub(crate) fn add(&mut self, number: usize, result: CaseResult) {
        match result {
            Ok(Outcome::Passed { checked }) => {
                self.passed += 1;
                self.checked += checked;
            }
            Ok(Outcome::Skipped(skip)) => *self.skips.entry(skip).or_default() += 1,
            Err(reason) => self.failures.push(format!("case {number}: {reason}")),
        }
    }

    pub(crate) fn skipped(&self) -> usize {
        self.skips.values().sum()
    }
}

/// What became of a folder.
pub(crate) struct Report {
    pub(crate) files: Vec<FileReport>,
}

impl Report {
    /// Whether nothing failed. A folder of which every case was skipped is good, and the report says that nothing ran. A
    /// folder without a file is not.
    pub(crate) fn is_good(&self) -> bool {
        !self.files.is_empty() && self.files.iter().all(|file| file.failures.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            writeln!(to, "{file}")?;
        }
        let sum = |count: fn(&FileReport) -> usize| self.files.iter().map(count).sum::<usize>();
        let (passed, failed, skipped) =
            (sum(|file| file.passed), sum(|file| file.failures.len()), sum(FileReport::skipped));
        write!(to, "in all: {passed} passed, {failed} failed, {skipped} skipped; files: {}", self.files.len())?;
        if passed + failed == 0 && skipped > 0 {
            write!(to, "\nnothing ran: every case was skipped")?;
        }
        Ok(())
    }
}

impl fmt::Display for FileReport {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, passed, checked, .. } = self;
        let (failed, skipped) = (self.failures.len(), self.skipped());
        match self.kind {
            Some(kind) => write!(
                to,
                "{name} ({kind}): {passed} passed ({checked} {}), {failed} failed, {skipped} skipped",
                kind.checks()
            )?,
            None => write!(to, "{name}: not run")?,
        }
        for (skip, count) in &self.skips {
            write!(to, "\n  {count} skipped: {skip}")?;
        }
        if let (Some(note), 1..) = (self.kind.and_then(Kind::note), passed) {
            write!(to, "\n  {note}")?;
        }
        for failure in &self.failures {
            write!(to, "\n  FAILED {failure}")?;
        }
        Ok(())
    }
}
