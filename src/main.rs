//! The program: everything about arguments, terminals and files; the library does the rest.

mod cli;

#[global_allocator]
static MEMORY: cli::MemoryOrEnd = cli::MemoryOrEnd;

fn main() -> std::process::ExitCode {
    cli::run()
}
