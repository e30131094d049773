//! Prints the public interface of a library, one item per line, from the JSON that rustdoc writes.
//! Derived, automatic and blanket implementations are left out. `.ci/api` compares it with
//! `tests/api/public.txt`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("the path of rustdoc's JSON is missing")?;
    let interface = public_api::Builder::from_rustdoc_json(path)
        .sorted(true)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?;
    for item in interface.items() {
        println!("{item}");
    }
    Ok(())
}
