//! The committed files, in the binary: WebAssembly has no folder to read them from.

/// Every committed file, by name. A test compares the list with the README's.
pub(crate) const ALL: [(&str, &[u8]); 8] = [
    ("deserialization.json.gz", include_bytes!("../vectors/deserialization.json.gz")),
    ("external-proposals.json.gz", include_bytes!("../vectors/external-proposals.json.gz")),
    ("grease-key-package.json.gz", include_bytes!("../vectors/grease-key-package.json.gz")),
    ("grease-leaf.json.gz", include_bytes!("../vectors/grease-leaf.json.gz")),
    ("messages.json.gz", include_bytes!("../vectors/messages.json.gz")),
    ("passive-client-handling-commit.json.gz", include_bytes!("../vectors/passive-client-handling-commit.json.gz")),
    ("passive-client-random.json.gz", include_bytes!("../vectors/passive-client-random.json.gz")),
    ("passive-client-welcome.json.gz", include_bytes!("../vectors/passive-client-welcome.json.gz")),
];

/// A committed file's cases, for the tests that change them.
pub(crate) fn cases(name: &str) -> Vec<serde_json::Value> {
    let (_, bytes) = ALL.iter().find(|(committed, _)| *committed == name).unwrap();
    crate::file::cases(bytes).unwrap()
}
