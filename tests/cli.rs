//! The real program, run as a person or a script would run it.

#[cfg(target_os = "linux")]
#[path = "cli/access.rs"]
mod access;
#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/commands.rs"]
mod commands;
#[path = "common/mod.rs"]
mod common;
#[path = "cli/damage.rs"]
mod damage;
#[cfg(unix)]
#[path = "cli/descriptors.rs"]
mod descriptors;
#[path = "cli/endings.rs"]
mod endings;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/generate.rs"]
mod generate;
#[cfg(unix)]
#[path = "cli/holes.rs"]
mod holes;
#[cfg(unix)]
#[path = "cli/leftovers.rs"]
mod leftovers;
#[path = "cli/levels.rs"]
mod levels;
#[path = "cli/many.rs"]
mod many;
#[path = "cli/messages.rs"]
mod messages;
#[cfg(target_os = "linux")]
#[path = "cli/model_files.rs"]
mod model_files;
#[path = "cli/models_of_others.rs"]
mod models_of_others;
#[path = "cli/names.rs"]
mod names;
#[path = "cli/pairs.rs"]
mod pairs;
#[path = "cli/pins.rs"]
mod pins;
#[path = "cli/progress.rs"]
mod progress;
#[path = "cli/ranges.rs"]
mod ranges;
#[path = "cli/reports.rs"]
mod reports;
#[path = "cli/sandbox.rs"]
mod sandbox;
#[cfg(unix)]
#[path = "common/signals.rs"]
mod signals;
#[cfg(unix)]
#[path = "cli/targets.rs"]
mod targets;
#[path = "cli/terminals.rs"]
mod terminals;
#[path = "cli/transforms.rs"]
mod transforms;
#[path = "cli/usage.rs"]
mod usage;
