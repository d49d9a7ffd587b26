//! What can happen next, read from three bytes: so a property's cases, a seed's history and a fuzzer's input are one
//! thing, and every input means something.

/// One step of a history. Numbers are taken modulo what there is to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reads up to so many of what comes next in the relay's order: commits, proposals, invitations.
    Follow(usize),
    /// Opens a message that anybody ever sent, heard before or not.
    Hear(usize),
    Send(usize),
    SelfUpdate,
    /// Mixes in a secret that all have from elsewhere.
    MixIn,
    Add(usize),
    Remove(usize),
    ProposeUpdate,
    CommitPending,
    Leave,
    /// Gives up the own undecided commit, if the relay has not taken it.
    Clear,
    /// Goes on from the records.
    Restart,
    /// Is given something with one bit changed.
    Tamper(usize),
}

/// Each kind of step as often as a history needs it, of 32: mostly following and talking.
fn kind(byte: u8) -> fn(usize) -> Step {
    match byte % 32 {
        0..8 => Step::Follow,
        8..15 => Step::Hear,
        15..21 => Step::Send,
        21 => |_| Step::SelfUpdate,
        22 => |_| Step::MixIn,
        23..25 => Step::Add,
        25 => Step::Remove,
        26 => |_| Step::ProposeUpdate,
        27 => |_| Step::CommitPending,
        28 => |_| Step::Leave,
        29 => |_| Step::Clear,
        30 => |_| Step::Restart,
        _ => Step::Tamper,
    }
}

/// A step and whose it is.
pub type Move = (usize, Step);

/// The move that three bytes stand for.
pub fn read([who, what, number]: [u8; 3]) -> Move {
    (who.into(), kind(what)(number.into()))
}
