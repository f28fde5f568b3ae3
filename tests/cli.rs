//! The real program, run as a person or a script would run it.

#[path = "cli/damage.rs"]
mod damage;
#[path = "cli/endings.rs"]
mod endings;
#[path = "cli/levels.rs"]
mod levels;
#[path = "cli/many.rs"]
mod many;
#[path = "cli/names.rs"]
mod names;
#[path = "cli/pairs.rs"]
mod pairs;
#[path = "cli/progress.rs"]
mod progress;
#[path = "cli/ranges.rs"]
mod ranges;
#[path = "cli/reports.rs"]
mod reports;
#[path = "cli/sandbox.rs"]
mod sandbox;
#[path = "cli/terminals.rs"]
mod terminals;
#[path = "cli/usage.rs"]
mod usage;
