//! Fields of a prime between 2⁶⁰ and 2⁶¹, in Montgomery's representation.
//!
//! A residue a is held as a·2⁶⁴ mod p, which is unique: equal residues are equal words. Sums of products are
//! accumulated in 128 bits and reduced once for every 64 terms, as 64·p² < 2¹²⁸. Sources: P. Montgomery,
//! *Modular multiplication without trial division* (1985); J. Sorenson and J. Webster, *Strong pseudoprimes
//! to twelve prime bases* (2017), by which twelve bases decide primality below 3.18·10²³.

use rand::{Rng, RngExt};

/// How many products fit in 128 bits: 64·p² < 2⁶ · 2¹²².
const TERMS: usize = 64;

/// The powers of two that floats have: 2⁻¹⁰⁷⁴ to 2⁹⁷¹ with a whole significand.
const LEAST_EXPONENT: i32 = -1074;
const GREATEST_EXPONENT: i32 = 971;

/// Arithmetic modulo a prime p.
#[derive(Clone, Debug)]
pub(super) struct PrimeField {
    modulus: u64,
    /// −p⁻¹ mod 2⁶⁴
    inverse: u64,
    /// 2¹²⁸ mod p
    square: u64,
    /// 2ᵉ for every exponent of a float.
    powers: Vec<u64>,
}

impl PrimeField {
    /// A field of a prime that is drawn uniformly from those between 2⁶⁰ and 2⁶¹.
    pub(super) fn draw(random: &mut impl Rng) -> Self {
        loop {
            // About one odd number of twenty-one is a prime there.
            let candidate = random.random_range(1_u64 << 60..1 << 61) | 1;
            if is_prime(candidate) {
                return Self::new(candidate);
            }
        }
    }

    fn new(modulus: u64) -> Self {
        // Newton's iteration doubles the bits that are right: 3, 6, 12, 24, 48, 96.
        let inverse = (0..5).fold(modulus.wrapping_mul(3) ^ 2, |inverse, _| {
            inverse.wrapping_mul(2_u64.wrapping_sub(modulus.wrapping_mul(inverse)))
        });
        let remainder = |n: u128| (n % u128::from(modulus)) as u64;
        let once = remainder(1 << 64);
        let square = remainder(u128::from(once) * u128::from(once));
        let mut field = PrimeField { modulus, inverse: inverse.wrapping_neg(), square, powers: Vec::new() };
        let half = field.embed(modulus.div_ceil(2));
        let least = (0..-LEAST_EXPONENT).fold(field.embed(1), |power, _| field.multiply(power, half));
        field.powers = std::iter::successors(Some(least), |&power| Some(field.add(power, power)))
            .take((GREATEST_EXPONENT - LEAST_EXPONENT + 1) as usize)
            .collect();
        field
    }

    /// The image of a number below p.
    fn embed(&self, n: u64) -> u64 {
        self.multiply(n, self.square)
    }

    /// The image of a finite float.
    pub(super) fn float(&self, value: f64) -> u64 {
        let bits = value.to_bits();
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
        let (significand, exponent) = match exponent {
            0 => (fraction, LEAST_EXPONENT),
            _ => (fraction | 1 << 52, exponent - 1075),
        };
        let magnitude =
            self.multiply(self.embed(significand), self.powers[(exponent - LEAST_EXPONENT) as usize]);
        if value < 0.0 { self.negate(magnitude) } else { magnitude }
    }

    /// n·2⁻⁶⁴ mod p: uniform where n is.
    pub(super) fn reduce(&self, n: u128) -> u64 {
        let high = (n >> 64) as u64;
        // With a high word below p the quotient is below 2p.
        let high = if high >= self.modulus { high % self.modulus } else { high };
        let low = n as u64;
        let multiple = u128::from(low.wrapping_mul(self.inverse)) * u128::from(self.modulus);
        let carry = (u128::from(low) + multiple) >> 64;
        self.once(high + carry as u64)
    }

    fn once(&self, n: u64) -> u64 {
        if n >= self.modulus { n - self.modulus } else { n }
    }

    pub(super) fn add(&self, a: u64, b: u64) -> u64 {
        self.once(a + b)
    }

    pub(super) fn negate(&self, a: u64) -> u64 {
        if a == 0 { 0 } else { self.modulus - a }
    }

    pub(super) fn subtract(&self, a: u64, b: u64) -> u64 {
        self.add(a, self.negate(b))
    }

    pub(super) fn multiply(&self, a: u64, b: u64) -> u64 {
        self.reduce(u128::from(a) * u128::from(b))
    }

    /// The half.
    pub(super) fn halve(&self, a: u64) -> u64 {
        if a.is_multiple_of(2) { a / 2 } else { (a + self.modulus) / 2 }
    }

    /// The sum of products.
    pub(super) fn dot<T>(&self, a: &[T], b: &[T], word: impl Fn(&T) -> u64) -> u64 {
        let blocks = a.chunks(TERMS).zip(b.chunks(TERMS));
        blocks.fold(0, |sum, (a, b)| {
            let products = a.iter().zip(b).map(|(a, b)| u128::from(word(a)) * u128::from(word(b)));
            self.add(sum, self.reduce(products.sum()))
        })
    }

    /// The residue of a and −a that is the lesser word, and whether it is −a. The choice depends on nothing
    /// but the residue.
    pub(super) fn without_sign(&self, a: u64) -> (u64, bool) {
        let opposite = self.negate(a);
        if opposite < a { (opposite, true) } else { (a, false) }
    }
}

/// Whether an odd number from 2⁶⁰ to 2⁶¹ is prime (Miller–Rabin with bases that decide).
fn is_prime(n: u64) -> bool {
    let wide = u128::from(n);
    let multiply = |a: u64, b: u64| (u128::from(a) * u128::from(b) % wide) as u64;
    let twos = (n - 1).trailing_zeros();
    [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37].into_iter().all(|base| {
        let mut power = 1;
        for bit in (0..64).rev() {
            power = multiply(power, power);
            if ((n - 1) >> twos) >> bit & 1 == 1 {
                power = multiply(power, base);
            }
        }
        (0..twos).any(|place| {
            let found = power == n - 1 || place == 0 && power == 1;
            power = multiply(power, power);
            found
        })
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn field() -> PrimeField {
        PrimeField::draw(&mut ChaCha8Rng::seed_from_u64(1))
    }

    #[test]
    fn primes_are_told_from_composites() {
        // 2⁶¹ − 1 is prime; the largest prime below 2⁶¹ − 1 is 2⁶¹ − 31 (OEIS A013603).
        assert!(is_prime((1 << 61) - 1) && is_prime((1 << 61) - 31));
        assert!((3..31).step_by(2).all(|k| !is_prime((1 << 61) - k)));
        // A product of two primes, and a Carmichael number, are none: 1073741789 and 1073741827 are prime.
        assert!(!is_prime(1_073_741_789 * 1_073_741_827));
    }

    #[test]
    fn sums_of_products_are_those_of_integers() {
        let field = field();
        let p = u128::from(field.modulus);
        let numbers: Vec<u64> =
            (1..300_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % field.modulus).collect();
        for length in [0, 1, 63, 64, 65, 128, 299] {
            let [a, b] = [1, 3].map(|divisor| {
                numbers[..length].iter().map(|&n| field.embed(n / divisor)).collect::<Vec<_>>()
            });
            let truth =
                numbers[..length].iter().fold(0, |sum, &n| (sum + u128::from(n) * u128::from(n / 3)) % p);
            assert_eq!(field.dot(&a, &b, |&n| n), field.embed(truth as u64), "{length} terms");
        }
    }

    #[test]
    fn floats_are_mapped_exactly() {
        let field = field();
        let tenth = 0.1;
        // 0.1 as a float is 3602879701896397 / 2⁵⁵.
        let scaled = field.multiply(field.float(tenth), field.float(2.0_f64.powi(55)));
        assert_eq!(scaled, field.embed(3_602_879_701_896_397));
        for (a, b) in [
            (5e-324, 2.0_f64.powi(1000)),
            (f64::MAX, 0.5),
            (-1.5, 3.0),
            (0.0, 7.0),
            (f64::MIN_POSITIVE, -2.0),
        ] {
            assert_eq!(field.multiply(field.float(a), field.float(b)), field.float(a * b), "{a} · {b}");
        }
        assert_eq!(field.add(field.float(-2.25), field.float(2.25)), 0);
        assert_eq!(field.halve(field.float(3.0)), field.float(1.5));
    }

    #[test]
    fn signs_are_taken_out_alike() {
        let field = field();
        let a = field.float(0.3);
        let ((plus, one), (minus, other)) = (field.without_sign(a), field.without_sign(field.negate(a)));
        assert_eq!((plus, one), (minus, !other));
    }
}
