//! Which instructions the machine has, found at run time.
//!
//! The crate pulp chooses the instructions and keeps the choice sound. A method is a [`WithSimd`] whose code
//! is compiled once for each set.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__cpuid;
#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

use pulp::{Simd, WithSimd};

/// Which instructions kernels use. All give results within the same derived bounds; the bits may differ, as
/// only the first two fuse a product with its sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstructionSet {
    /// 512-bit vectors, 32 registers.
    Avx512,
    /// 256-bit vectors with fused multiply-add, 16 registers.
    Avx2,
    /// What every machine has.
    Portable,
}

impl InstructionSet {
    /// All of them, the widest first.
    pub const ALL: [InstructionSet; 3] =
        [InstructionSet::Avx512, InstructionSet::Avx2, InstructionSet::Portable];

    /// The widest that this machine has.
    pub fn best() -> Self {
        Self::ALL.into_iter().find(|set| set.is_available()).unwrap_or(InstructionSet::Portable)
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => pulp::x86::V4::try_new().is_some(),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => pulp::x86::V3::try_new().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            InstructionSet::Avx512 | InstructionSet::Avx2 => false,
            InstructionSet::Portable => true,
        }
    }

    /// Multiply-adds of vectors that a core begins in a cycle: two, but for AMD's family 25 (Zen 4), where
    /// those of 512 bits take both units. Source: AMD, *Software Optimization Guide for the Zen 4
    /// Microarchitecture*, 2023.
    pub(crate) fn multiply_adds_a_cycle(self) -> usize {
        #[cfg(target_arch = "x86_64")]
        if self == InstructionSet::Avx512 {
            static HALVED: OnceLock<bool> = OnceLock::new();
            let halved = || {
                let vendor = __cpuid(0);
                let family = __cpuid(1).eax >> 8;
                let family = (family & 0xf) + (family >> 12 & 0xff);
                [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).concat() == b"AuthenticAMD"
                    && family == 25
            };
            return if *HALVED.get_or_init(halved) { 1 } else { 2 };
        }
        2
    }

    /// Multiply-adds of vectors that keep a core busy, as each takes four cycles.
    pub(crate) fn sums_in_flight(self) -> usize {
        4 * self.multiply_adds_a_cycle()
    }

    /// What a load costs, in multiply-adds: a core does two in a cycle.
    pub(crate) fn load_cost(self) -> f64 {
        self.multiply_adds_a_cycle() as f64 / 2.0
    }

    /// Runs a kernel with these instructions, or with the portable ones where the machine lacks them.
    pub(crate) fn run<Kernel: WithSimd>(self, kernel: Kernel) -> Kernel::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => {
                if let Some(simd) = pulp::x86::V4::try_new() {
                    return Simd::vectorize(simd, kernel);
                }
            }
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => {
                if let Some(simd) = pulp::x86::V3::try_new() {
                    return Simd::vectorize(simd, kernel);
                }
            }
            _ => {}
        }
        Simd::vectorize(pulp::Scalar, kernel)
    }

    /// Those of [`ALL`](Self::ALL) that this machine has.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|set| set.is_available())
    }
}

/// Whether there are 32 registers, for 24 sums and what they are made of. 16 registers hold twelve sums; more
/// are several times slower, as some stand in memory.
pub(crate) const fn is_wide<S: Simd>() -> bool {
    S::REGISTER_COUNT >= 32
}
