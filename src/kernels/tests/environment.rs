//! The floating-point settings, and the choice of an instruction set.

use crate::kernels::float_env::control;
use crate::kernels::*;

#[test]
fn settings_are_exact_while_held_and_restored_after() {
    let before = control::read();
    // Flush to zero and round towards zero; the same where the register is not known here.
    let disturbed = match () {
        _ if cfg!(any(target_arch = "x86_64", target_arch = "x86")) => control::EXACT | 0xe000,
        _ if cfg!(any(target_arch = "aarch64", target_arch = "arm")) => 0b111 << 22,
        _ => before,
    };
    control::write(disturbed);
    let changed = control::read();
    {
        let _exact = FloatEnv::exact();
        assert_eq!(control::read(), control::EXACT);
        {
            let _nested = FloatEnv::exact();
            assert_eq!(control::read(), control::EXACT);
        }
        assert_eq!(control::read(), control::EXACT);
        let denormal = std::hint::black_box(f32::from_bits(1 << 22));
        assert_eq!((denormal * 0.5).to_bits(), 1 << 21);
    }
    let after = control::read();
    control::write(before);
    assert_eq!(after, changed);
}

#[test]
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "x86",
    target_arch = "aarch64",
    all(target_arch = "arm", target_abi = "eabihf"),
))]
fn settings_that_are_not_exact_are_found_by_what_they_give() {
    use crate::kernels::float_env::is_exact;
    let before = control::read();
    // Three other ways to round, denormal results dropped, denormal operands dropped, which ARM has no bit of its own for.
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    let others = [0x2000, 0x4000, 0x6000, 0x8000, 0x0040];
    #[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
    let others = [0b01, 0b10, 0b11, 0b100].map(|other| other << 22);
    let found = others.map(|other| {
        control::write(control::EXACT | other);
        is_exact()
    });
    control::write(control::EXACT);
    let exact = is_exact();
    control::write(before);
    assert!(exact && !found.contains(&true), "{found:?}");
}

#[test]
fn scalar_comes_first_and_no_set_twice() {
    let available = Isa::available();
    assert_eq!(available[0], Isa::SCALAR);
    let mut names: Vec<_> = available.iter().map(|isa| isa.name()).collect();
    names.dedup();
    assert_eq!(names.len(), available.len());
}

#[test]
fn a_name_chooses_its_set_and_others_are_refused_with_the_reason() {
    let available = Isa::available();
    for isa in &available {
        assert_eq!(Isa::by_name(isa.name()), Ok(*isa));
    }
    assert_eq!(Isa::by_name(""), Ok(*available.last().unwrap()));
    assert!(Isa::by_name("sse9").unwrap_err().contains("no such instruction set"));
    let absent = ["avx2", "i8mm"]
        .into_iter()
        .find(|name| available.iter().all(|isa| isa.name() != *name))
        .unwrap();
    assert!(Isa::by_name(absent).unwrap_err().contains("does not have it"));
}
