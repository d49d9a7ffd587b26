//! The native side of `pnpm bench core`: one engine in one process, driven by lines of JSON, so that the orchestrator
//! (`packages/bench`) can take samples of all contenders in turn. It measures; it decides nothing.
//!
//! `peer ours|openmls` reads one request a line and answers each with one line:
//! `{"do":"prepare","suite":3,"n":100,"tree":"bare"}` or `{"do":"story","story":"update","repeat":1}` gives
//! `{"ms":{"commit":[1.2]},"bytes":{"commit":1042}}`, or `{"error":"..."}`.
//!
//! It is built like the shipped core (`cargo build --release`), and nothing of it is in the library.

#![allow(missing_docs, reason = "a program has no callers")]

mod openmls_default;
mod ours;
mod play;

use std::io::{BufRead, Write};

use serde_json::{Value, json};

use self::{
    openmls_default::DefaultPerson,
    ours::OurPerson,
    play::{Observation, Outcome, Person, Play, Scenario, Tree},
};

fn main() -> Outcome<()> {
    // `cargo bench` adds an argument of its own.
    match std::env::args().nth(1).as_deref() {
        Some("ours") => serve::<OurPerson>(),
        Some("openmls") => serve::<DefaultPerson>(),
        _ => Err("say which engine: ours or openmls".into()),
    }
}

fn serve<P: Person>() -> Outcome<()> {
    let mut play: Option<Play<P>> = None;
    let mut output = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let answer = match answer(&mut play, &serde_json::from_str(&line?)?) {
            Ok(observation) => json!({ "ms": observation.ms, "bytes": observation.bytes }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

fn answer<P: Person>(play: &mut Option<Play<P>>, request: &Value) -> Outcome<Observation> {
    let number = |name: &str| request[name].as_u64().ok_or_else(|| format!("no number {name}"));
    match request["do"].as_str() {
        Some("prepare") => {
            let suite = u16::try_from(number("suite")?)?;
            let tree = Tree::named(request["tree"].as_str().unwrap_or_default())?;
            let scenario = Scenario { suite, n: usize::try_from(number("n")?)?, tree };
            *play = None;
            let (prepared, observation) = Play::prepare(scenario)?;
            *play = Some(prepared);
            Ok(observation)
        }
        Some("story") => {
            let play = play.as_mut().ok_or("nothing is prepared")?;
            let story = request["story"].as_str().unwrap_or_default();
            let mut observation = play.story(story, usize::try_from(number("repeat")?)?)?;
            observation.bytes.insert("peak memory".into(), peak_memory()?);
            Ok(observation)
        }
        _ => Err("do what?".into()),
    }
}

/// The most that this process has ever had in memory, in bytes; 0 where the system does not tell.
fn peak_memory() -> Outcome<usize> {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return Ok(0) };
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: usize = line.and_then(|line| line.trim().strip_suffix(" kB")).unwrap_or("0").parse()?;
    Ok(kib * 1024)
}
