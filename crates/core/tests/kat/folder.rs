//! Runs a folder of files, and prints the report past the test harness, which would keep that of a test that passes.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    file,
    report::{FileReport, Report},
};

/// The folder in `QPC_KAT_DIR`; none where that is not set. A relative path is relative to where the command was typed: cargo
/// runs tests elsewhere.
pub(crate) fn asked_for() -> Result<Option<PathBuf>, String> {
    match env::var_os("QPC_KAT_DIR") {
        None => Ok(None),
        // Most likely an unset variable of somebody's script: passing over it would run the wrong files.
        Some(folder) if folder.is_empty() => Err("QPC_KAT_DIR is empty".to_owned()),
        Some(folder) => Ok(Some(resolved(Path::new(&folder)))),
    }
}

fn resolved(folder: &Path) -> PathBuf {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    // A program that calls cargo in another folder may leave the shell's PWD as it was: then the workspace is meant.
    let bases = env::var_os("PWD").map(PathBuf::from).into_iter().chain([root.clone()]);
    bases.map(|base| base.join(folder)).find(|path| path.exists()).unwrap_or_else(|| root.join(folder))
}

/// Runs every `.json` and `.json.gz` file of the folder.
pub(crate) fn run(folder: &Path) -> Result<Report, String> {
    let unreadable = |error: io::Error| format!("{} cannot be read: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is_vectors(&path) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(format!("{} holds no .json or .json.gz file", folder.display()));
    }
    paths.sort();
    Ok(Report { files: paths.iter().map(|path| run_file(path)).collect() })
}

fn is_vectors(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.ends_with(".json") || name.ends_with(".json.gz")
}

fn run_file(path: &Path) -> FileReport {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match fs::read(path) {
        Ok(bytes) => file::run(&name, &bytes),
        Err(error) => FileReport::unreadable(&name, format!("cannot be read: {error}")),
    }
}

pub(crate) fn print(report: &Result<Report, String>) {
    let words = match report {
        Ok(report) => report.to_string(),
        Err(reason) => format!("FAILED {reason}"),
    };
    writeln!(io::stdout().lock(), "\n{words}\n").expect("the report can be printed");
}

mod tests {
    use super::*;

    /// A new folder under the build's own, gone with the value.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kat-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn with(self, name: &str, content: &str) -> Self {
            fs::write(self.0.join(name), content).unwrap();
            self
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("the folder can be removed");
        }
    }

    const GOOD: &str = r#"[{"vlbytes_header": "4040", "length": 64}]"#;
    const WRONG: &str = r#"[{"vlbytes_header": "4040", "length": 64}, {"vlbytes_header": "4041", "length": 64}]"#;

    #[test]
    fn a_folder_without_vectors_fails() {
        let folder = Folder::new("empty").with("README.md", GOOD);
        assert!(run(&folder.0).is_err_and(|reason| reason.ends_with("holds no .json or .json.gz file")));
        assert!(run(&folder.0.join("missing")).is_err_and(|reason| reason.contains("cannot be read")));
    }

    #[test]
    fn one_bad_file_fails_the_folder_and_is_named() {
        let folder = Folder::new("mixed").with("any-name.json", GOOD).with("other.JSON.gz", WRONG);
        let report = run(&folder.0).unwrap();
        assert!(!report.is_good());
        let words = report.to_string();
        assert!(
            words.contains("any-name.json (deserialization): 1 passed (1 headers), 0 failed, 0 skipped"),
            "{words}"
        );
        assert!(
            words.contains("other.JSON.gz (deserialization): 1 passed (1 headers), 1 failed, 0 skipped"),
            "{words}"
        );
        assert!(words.contains("FAILED case 1: the header says 65"), "{words}");
    }
}
