//! How fast this machine runs the kernels: what turns their cost models into seconds.
//!
//! Each method counts its work in multiply-adds of vectors, other work counted as such. A [`Machine`] says
//! how many nanoseconds such a unit takes for each method and float. The defaults are those of a Zen 5 with
//! AVX-512, which begins two multiply-adds of vectors in a cycle, and choose well on a Zen 3 with AVX2 too,
//! as only their ratios matter; a machine that begins one has those of a Zen 4. `equivariant bench
//! --calibrate` measures them, and [`Machine::save`] keeps them in the user's cache directory
//! (`$XDG_CACHE_HOME`, or `~/.cache`, in `equivariant/kernels`), where every later plan finds them.

use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::conv::plan::method_name::Method;
use crate::simd::{Element, InstructionSet};

/// Nanoseconds for a unit of each method's cost: those of `studies/KERNELS.md` until the machine is
/// calibrated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// (method, float of 4 or 8 bytes)
    nanoseconds: [[f64; 2]; Method::ALL.len()],
}

impl Default for Machine {
    fn default() -> Self {
        let nanoseconds = match InstructionSet::best().multiply_adds_a_cycle() {
            1 => [[0.28; 2], [0.33, 0.31], [0.28, 0.22], [0.30, 0.36], [0.24, 0.31], [0.40, 0.38]],
            _ => [[0.30; 2], [0.30; 2], [0.35; 2], [0.33; 2], [0.33; 2], [0.57; 2]],
        };
        Machine { nanoseconds }
    }
}

impl Machine {
    /// The one that was measured here, or else the default. It is looked for once in a process.
    pub fn here() -> Self {
        static HERE: OnceLock<Machine> = OnceLock::new();
        *HERE.get_or_init(|| {
            let text = Machine::path().and_then(|path| std::fs::read_to_string(path).ok());
            text.and_then(|text| Machine::parse(&text)).unwrap_or_default()
        })
    }

    /// Nanoseconds for a unit of this method's cost over `T`.
    pub fn nanoseconds<T: Element>(&self, method: Method) -> f64 {
        Machine::row(method).map_or(f64::NAN, |row| self.nanoseconds[row][column::<T>()])
    }

    /// With this many instead.
    pub fn with_nanoseconds<T: Element>(mut self, method: Method, nanoseconds: f64) -> Self {
        if let Some(row) = Machine::row(method) {
            self.nanoseconds[row][column::<T>()] = nanoseconds;
        }
        self
    }

    fn row(method: Method) -> Option<usize> {
        Method::ALL.iter().position(|other| *other == method)
    }

    /// Where measurements are kept, if the environment says where caches live.
    pub fn path() -> Option<PathBuf> {
        let absolute =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
        Some(caches.join("equivariant").join("kernels"))
    }

    /// Keeps it for later processes of this user: a temporary file, then renamed.
    ///
    /// # Errors
    /// If there is no place for caches, or it cannot be written.
    pub fn save(&self) -> std::io::Result<PathBuf> {
        let no_place =
            || Error::new(ErrorKind::NotFound, "neither XDG_CACHE_HOME nor HOME is an absolute path");
        let path = Machine::path().ok_or_else(no_place)?;
        let folder = path.parent().ok_or_else(no_place)?;
        std::fs::create_dir_all(folder)?;
        crate::file::replace(&path, self.text().as_bytes())?;
        Ok(path)
    }

    fn text(&self) -> String {
        let mut text = "# method, nanoseconds for a unit of its cost: f32, f64\n".to_owned();
        for (method, [single, double]) in Method::ALL.iter().zip(self.nanoseconds) {
            text += &format!("{} {single} {double}\n", method.name());
        }
        text
    }

    /// What [`text`](Self::text) wrote, or nothing if it is anything else.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let mut machine = Machine::default();
        for (method, row) in Method::ALL.iter().zip(&mut machine.nanoseconds) {
            let mut words = lines.next()?.split_whitespace();
            if words.next()? != method.name() {
                return None;
            }
            for entry in row {
                *entry =
                    words.next()?.parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0)?;
            }
        }
        lines.next().is_none().then_some(machine)
    }
}

fn column<T>() -> usize {
    usize::from(size_of::<T>() > size_of::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_is_read_back() {
        let machine = Machine::default().with_nanoseconds::<f32>(Method::Fourier, 1.0 / 3.0);
        let machine = machine.with_nanoseconds::<f64>(Method::Direct, 2.5e-7);
        assert_eq!(Machine::parse(&machine.text()), Some(machine));
        assert_eq!(machine.nanoseconds::<f32>(Method::Fourier), 1.0 / 3.0);
        assert_eq!(machine.nanoseconds::<f64>(Method::Direct), 2.5e-7);
        assert!(machine.nanoseconds::<f32>(Method::Automatic).is_nan());
    }

    #[test]
    fn anything_else_is_not() {
        let nanoseconds = [[0.3; 2], [0.3; 2], [0.35; 2], [0.33; 2], [0.33; 2], [0.57; 2]];
        let good = Machine { nanoseconds }.text();
        for bad in [
            String::new(),
            good.replace("fourier", "unknown"),
            good.replace("0.57", "-1"),
            good.replace("0.57", "NaN"),
            good.replacen(" 0.3", "", 1),
            good.clone() + "direct 1 1\n",
        ] {
            assert_eq!(Machine::parse(&bad), None, "{bad}");
        }
    }
}
