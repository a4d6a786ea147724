//! The envelope of saved states: magic, format version, kind, length, checksum; little-endian.

use super::error::{Error, ErrorKind, Result, out_of_memory, zeros};

const MAGIC: [u8; 4] = *b"SWLS";
const FORMAT: u32 = 1;
/// Bytes before the payload.
pub const HEADER: usize = 32;

/// Wraps `payload` as a state of `kind` (4 letters) whose layout has `version`. Errors: no memory.
pub fn seal(kind: [u8; 4], version: u32, payload: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let count = HEADER + payload.len();
    bytes.try_reserve_exact(count).map_err(|_| out_of_memory("saved state", count, 1))?;
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&kind);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&checksum(payload).to_le_bytes());
    bytes.extend_from_slice(payload);
    Ok(bytes)
}

/// Checks an envelope and gives the version and the payload.
pub fn open(bytes: &[u8], kind: [u8; 4]) -> Result<(u32, &[u8])> {
    let refuse = |expected: &str, found: String| {
        Err(Error::new(ErrorKind::Format, "saved state").expected(expected).found(found))
    };
    if bytes.len() < HEADER {
        return refuse("at least 32 bytes", bytes.len().to_string());
    }
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
    if bytes[..4] != MAGIC {
        return refuse("the letters SWLS first", format!("{:?}", &bytes[..4]));
    }
    if word(4) != FORMAT {
        return refuse("format version 1", word(4).to_string());
    }
    if bytes[8..12] != kind {
        let name = |k: &[u8]| String::from_utf8_lossy(k).into_owned();
        return refuse(&format!("a state of kind {}", name(&kind)), name(&bytes[8..12]));
    }
    let payload = &bytes[HEADER..];
    if long(16) != payload.len() as u64 {
        return refuse(&format!("{} bytes of payload", long(16)), payload.len().to_string());
    }
    if long(24) != checksum(payload) {
        return refuse("a matching checksum", "damaged bytes".into());
    }
    Ok((word(12), payload))
}

/// FNV-1a over 64 bits: finds damage, is no protection against intent.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// A payload in the making, little-endian.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// An empty one with room for so many bytes. Errors: no memory.
    pub fn with_capacity(bytes: usize) -> Result<Self> {
        let mut payload = Vec::new();
        payload.try_reserve_exact(bytes).map_err(|_| out_of_memory("saved state", bytes, 1))?;
        Ok(Self(payload))
    }

    /// The payload.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends bytes. Errors: no memory.
    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.try_reserve(bytes.len()).map_err(|_| out_of_memory("saved state", bytes.len(), 1))?;
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    /// A small number or a mark.
    pub fn word(&mut self, word: u32) -> Result<()> {
        self.put(&word.to_le_bytes())
    }

    /// A count.
    pub fn long(&mut self, long: u64) -> Result<()> {
        self.put(&long.to_le_bytes())
    }

    /// A real number, to the bit.
    pub fn number(&mut self, number: f64) -> Result<()> {
        self.put(&number.to_le_bytes())
    }

    /// Real numbers, whose count the reader knows.
    pub fn numbers(&mut self, numbers: &[f64]) -> Result<()> {
        let bytes = numbers.len() * 8;
        self.0.try_reserve(bytes).map_err(|_| out_of_memory("saved state", bytes, 1))?;
        numbers.iter().for_each(|x| self.0.extend_from_slice(&x.to_le_bytes()));
        Ok(())
    }

    /// How many real numbers there are, and the numbers.
    pub fn list(&mut self, numbers: &[f64]) -> Result<()> {
        self.long(numbers.len() as u64)?;
        self.numbers(numbers)
    }

    /// 0 (as a count) for nothing; 1 and what `put` writes for something.
    pub fn option<T>(&mut self, some: Option<T>, put: impl FnOnce(&mut Self, T) -> Result<()>) -> Result<()> {
        self.long(u64::from(some.is_some()))?;
        some.map_or(Ok(()), |some| put(self, some))
    }
}

/// What is left of a payload.
#[derive(Debug)]
pub struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    /// All of it.
    pub fn new(payload: &'b [u8]) -> Self {
        Self(payload)
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.0.len()
    }

    /// The next `count` times `each` bytes. Errors (`Format`): fewer are left.
    pub fn take(&mut self, count: usize, each: usize) -> Result<&'b [u8]> {
        let parts = count.checked_mul(each).and_then(|bytes| self.0.split_at_checked(bytes));
        let (taken, rest) = parts.ok_or_else(|| {
            damaged(&format!("{count} numbers of {each} bytes"), format!("{} bytes", self.0.len()))
        })?;
        self.0 = rest;
        Ok(taken)
    }

    /// See [`Writer::word`].
    pub fn word(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(array(self.take(1, 4)?)))
    }

    /// See [`Writer::long`].
    pub fn long(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(array(self.take(1, 8)?)))
    }

    /// A count of things that take at least `each` bytes: never more than can be there.
    pub fn count(&mut self, each: usize) -> Result<usize> {
        let count = self.long()?;
        let most = self.0.len() / each.max(1);
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= most)
            .ok_or_else(|| damaged(&format!("a count up to {most}"), count))
    }

    /// See [`Writer::number`].
    pub fn number(&mut self) -> Result<f64> {
        Ok(f64::from_le_bytes(array(self.take(1, 8)?)))
    }

    /// `count` real numbers. Errors: fewer are left, no memory.
    pub fn numbers(&mut self, count: usize) -> Result<Vec<f64>> {
        let bytes = self.take(count, 8)?;
        let mut numbers: Vec<f64> = zeros("saved state", count)?;
        numbers.iter_mut().zip(bytes.chunks_exact(8)).for_each(|(x, b)| *x = f64::from_le_bytes(array(b)));
        Ok(numbers)
    }

    /// See [`Writer::list`]. Errors: fewer are left, no memory.
    pub fn list(&mut self) -> Result<Vec<f64>> {
        let count = self.count(8)?;
        self.numbers(count)
    }

    /// See [`Writer::option`]. Errors: neither 0 nor 1, and those of `take`.
    pub fn option<T>(&mut self, take: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        match self.long()? {
            0 => Ok(None),
            1 => take(self).map(Some),
            other => Err(damaged("0 or 1", other)),
        }
    }

    /// Fills `numbers`.
    pub fn fill(&mut self, numbers: &mut [f64]) -> Result<()> {
        let bytes = self.take(numbers.len(), 8)?;
        numbers.iter_mut().zip(bytes.chunks_exact(8)).for_each(|(x, b)| *x = f64::from_le_bytes(array(b)));
        Ok(())
    }

    /// Checks that nothing is left.
    pub fn end(&self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(damaged("nothing after that", format!("{} bytes", self.0.len())))
        }
    }
}

/// The error of a payload that says something else than it should.
pub fn damaged(expected: &str, found: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Format, "saved state").expected(expected).found(found)
}

/// Bytes as an array; of another length they are zeros, which [`Reader::take`] rules out.
pub fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_no_more() {
        let mut out = Writer::default();
        out.word(7).unwrap();
        out.long(1 << 40).unwrap();
        out.number(-0.0).unwrap();
        out.numbers(&[1.5, f64::INFINITY]).unwrap();
        out.list(&[2.5]).unwrap();
        out.option(Some(4), Writer::long).unwrap();
        out.option(None, Writer::long).unwrap();
        out.long(9).unwrap();
        out.long(9).unwrap();
        let mut from = Reader::new(out.bytes());
        assert_eq!((from.word().unwrap(), from.long().unwrap()), (7, 1 << 40));
        assert_eq!(from.number().unwrap().to_bits(), (-0.0_f64).to_bits());
        assert_eq!(from.numbers(2).unwrap(), [1.5, f64::INFINITY]);
        assert_eq!(from.list().unwrap(), [2.5]);
        assert_eq!((from.option(Reader::long).unwrap(), from.option(Reader::long).unwrap()), (Some(4), None));
        assert!(from.option(Reader::long).unwrap_err().to_string().contains("0 or 1"));
        assert!(from.end().is_err() && from.numbers(2).is_err());
        // Nine things cannot be in no bytes.
        assert!(from.count(1).is_err());
        assert!(from.end().is_ok() && from.take(usize::MAX, 8).is_err());
    }

    #[test]
    fn any_damage_is_found() {
        let sealed = seal(*b"TEST", 3, b"payload").unwrap();
        assert_eq!(open(&sealed, *b"TEST").unwrap(), (3, &b"payload"[..]));
        assert!(open(&sealed, *b"ELSE").is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 0x40;
            // The layout's version (bytes 12 to 15) is the reader's to judge.
            assert_eq!(open(&damaged, *b"TEST").is_err(), !(12..16).contains(&at), "byte {at}");
            assert!(open(&sealed[..at], *b"TEST").is_err());
        }
    }
}
