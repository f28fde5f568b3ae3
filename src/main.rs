//! The program: everything about arguments, terminals and files; the library does the rest.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
