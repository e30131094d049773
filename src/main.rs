//! The `asyncflow` command.

fn main() -> std::process::ExitCode {
    asyncflow::cli::main()
}
