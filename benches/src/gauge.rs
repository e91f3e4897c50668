//! What this process took: wall time, processor time, peak memory.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

use crate::Result;

/// Starts the clocks.
pub(crate) struct Gauge {
    wall: Instant,
    cpu: Duration,
}

/// What one run took, and what it saw, so that two ways of doing one thing can be held to the same
/// result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// The process's largest resident size so far, in KiB; 0 where the system does not tell.
    pub(crate) peak_kib: u64,
    pub(crate) seen: Seen,
}

/// What a run saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// Items, rows or calls; bytes for a floor.
    pub(crate) count: u64,
    /// The sum of their amounts, 0 where none were read.
    pub(crate) cents: i64,
}

impl Gauge {
    pub(crate) fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: processor_time(),
        }
    }

    pub(crate) fn stop(self, seen: Seen) -> Sample {
        Sample {
            wall: self.wall.elapsed(),
            cpu: processor_time().saturating_sub(self.cpu),
            peak_kib: peak_kib(),
            seen,
        }
    }
}

impl Sample {
    /// One line that [`parse`](Self::parse) reads back in another process.
    pub(crate) fn line(&self) -> String {
        let Seen { count, cents } = self.seen;
        let (wall, cpu) = (self.wall.as_nanos(), self.cpu.as_nanos());
        format!("{wall} {cpu} {} {count} {cents}", self.peak_kib)
    }

    pub(crate) fn parse(line: &str) -> Result<Self> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [wall, cpu, peak_kib, count, cents] = fields[..] else {
            return Err(format!("not a sample: {line:?}").into());
        };
        Ok(Self {
            wall: Duration::from_nanos(wall.parse()?),
            cpu: Duration::from_nanos(cpu.parse()?),
            peak_kib: peak_kib.parse()?,
            seen: Seen {
                count: count.parse()?,
                cents: cents.parse()?,
            },
        })
    }
}

/// Of all threads of this process, user and system together.
pub(crate) fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// Linux keeps the high-water mark for the whole life of a process, hence one process a run.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status_field(&status, "VmHWM:")
}

/// The resident size now, in KiB; 0 where the system does not tell.
pub(crate) fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status_field(&status, "VmRSS:")
}

fn status_field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_survives_its_line() {
        let sample = Sample {
            wall: Duration::from_nanos(3_400_000_001),
            cpu: Duration::from_nanos(17),
            peak_kib: 12_288,
            seen: Seen {
                count: 1_000_000,
                cents: -5,
            },
        };
        assert_eq!(Sample::parse(&sample.line()).unwrap(), sample);
        assert!(Sample::parse("1 2 3").is_err());
        assert!(Sample::parse("1 2 3 4 x").is_err());
    }

    #[test]
    fn fields_of_the_status_are_found() {
        let status = "Name:\tx\nVmHWM:\t    7168 kB\nVmRSS:\t    5000 kB\n";
        assert_eq!(status_field(status, "VmHWM:"), 7_168);
        assert_eq!(status_field(status, "VmRSS:"), 5_000);
        assert_eq!(status_field(status, "VmSwap:"), 0);
    }

    #[test]
    fn work_takes_processor_time() {
        let gauge = Gauge::start();
        let mut sum = 0_u64;
        while gauge.wall.elapsed() < Duration::from_millis(20) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let sample = gauge.stop(Seen {
            count: sum,
            cents: 0,
        });
        assert!(sample.cpu > Duration::ZERO);
    }
}
