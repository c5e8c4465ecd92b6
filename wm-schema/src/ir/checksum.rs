//! Checksums: which function, over which fields, and when an encoder knows it.

use super::{Layout, Role};

/// What the encoder works out of the bytes of other fields, and the decoder compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checksum {
    /// The function of the bytes.
    pub function: Function,
    /// The index of the first field that it covers.
    pub first: usize,
    /// The index of the last one. If the checksum itself is among them, its own bytes count as zeros.
    pub last: usize,
}

impl Checksum {
    /// Whether it covers a field.
    #[must_use]
    pub fn covers(&self, field: usize) -> bool {
        (self.first..=self.last).contains(&field)
    }
}

/// A function of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// A CRC of the catalogue.
    Crc(&'static Crc),
    /// The sum of the bytes, cut to 8, 16 or 32 bits.
    Sum(u8),
    /// All bytes, joined by exclusive or.
    Xor8,
    /// RFC 1950.
    Adler32,
    /// RFC 1071.
    Internet,
    /// What is written in Rust.
    Extern {
        /// By index of [`Externs::functions`](super::Externs::functions).
        index: usize,
        /// How many bits it comes to.
        bits: u8,
    },
}

/// The parameters of a CRC.
#[derive(Debug, PartialEq, Eq)]
pub struct Crc {
    /// Its name as a constant of the catalogue: `CRC_16_IBM_3740`.
    pub constant: &'static str,
    /// How many bits it has, 8 to 64.
    pub width: u8,
    /// Its polynomial without the highest term.
    pub polynomial: u64,
    /// What the register starts with.
    pub start: u64,
    /// Whether bits are taken from the lowest one on.
    pub reflected_in: bool,
    /// Whether the register is turned round at the end.
    pub reflected_out: bool,
    /// What is joined to the register at the end, by exclusive or.
    pub end: u64,
    /// What `123456789` gives.
    pub check: u64,
}

macro_rules! catalogue {
    ($($name:ident)*) => { [$({
        const CRC: Crc = Crc {
            constant: stringify!($name),
            width: crc_catalog::$name.width,
            polynomial: crc_catalog::$name.poly as u64,
            start: crc_catalog::$name.init as u64,
            reflected_in: crc_catalog::$name.refin,
            reflected_out: crc_catalog::$name.refout,
            end: crc_catalog::$name.xorout as u64,
            check: crc_catalog::$name.check as u64,
        };
        CRC
    }),*] };
}

/// Every CRC of 8, 16, 24, 32 and 64 bits that has a name.
static CATALOGUE: [Crc; 78] = catalogue! {
        CRC_8_AUTOSAR CRC_8_BLUETOOTH CRC_8_CDMA2000 CRC_8_DARC CRC_8_DVB_S2 CRC_8_GSM_A CRC_8_GSM_B CRC_8_HITAG
        CRC_8_I_432_1 CRC_8_I_CODE CRC_8_LTE CRC_8_MAXIM_DOW CRC_8_MIFARE_MAD CRC_8_NRSC_5 CRC_8_OPENSAFETY CRC_8_ROHC
        CRC_8_SAE_J1850 CRC_8_SMBUS CRC_8_TECH_3250 CRC_8_WCDMA
        CRC_16_ARC CRC_16_CDMA2000 CRC_16_CMS CRC_16_DDS_110 CRC_16_DECT_R CRC_16_DECT_X CRC_16_DNP CRC_16_EN_13757
        CRC_16_GENIBUS CRC_16_GSM CRC_16_IBM_3740 CRC_16_IBM_SDLC CRC_16_ISO_IEC_14443_3_A CRC_16_KERMIT CRC_16_LJ1200
        CRC_16_M17 CRC_16_MAXIM_DOW CRC_16_MCRF4XX CRC_16_MODBUS CRC_16_NRSC_5 CRC_16_OPENSAFETY_A CRC_16_OPENSAFETY_B
        CRC_16_PROFIBUS CRC_16_RIELLO CRC_16_SPI_FUJITSU CRC_16_T10_DIF CRC_16_TELEDISK CRC_16_TMS37157 CRC_16_UMTS
        CRC_16_USB CRC_16_XMODEM
        CRC_24_BLE CRC_24_FLEXRAY_A CRC_24_FLEXRAY_B CRC_24_INTERLAKEN CRC_24_LTE_A CRC_24_LTE_B CRC_24_OPENPGP
        CRC_24_OS_9
        CRC_32_AIXM CRC_32_AUTOSAR CRC_32_BASE91_D CRC_32_BZIP2 CRC_32_CD_ROM_EDC CRC_32_CKSUM CRC_32_ISCSI
        CRC_32_ISO_HDLC CRC_32_JAMCRC CRC_32_MEF CRC_32_MPEG_2 CRC_32_XFER
        CRC_64_ECMA_182 CRC_64_GO_ISO CRC_64_MS CRC_64_NVME CRC_64_REDIS CRC_64_WE CRC_64_XZ
};

/// The names that people use, and what stands behind each in the catalogue.
const ALIASES: [(&str, &str); 9] = [
    ("crc8", "CRC_8_SMBUS"),
    ("crc8_maxim", "CRC_8_MAXIM_DOW"),
    ("crc16", "CRC_16_ARC"),
    ("crc16_ccitt", "CRC_16_IBM_3740"),
    ("crc16_ccitt_false", "CRC_16_IBM_3740"),
    ("crc16_x25", "CRC_16_IBM_SDLC"),
    ("crc24", "CRC_24_OPENPGP"),
    ("crc32", "CRC_32_ISO_HDLC"),
    ("crc32c", "CRC_32_ISCSI"),
];

const OTHERS: [(&str, Function); 6] = [
    ("sum8", Function::Sum(8)),
    ("sum16", Function::Sum(16)),
    ("sum32", Function::Sum(32)),
    ("xor8", Function::Xor8),
    ("adler32", Function::Adler32),
    ("internet", Function::Internet),
];

impl Crc {
    /// Its name as a function of the language: `crc16_ibm_3740`.
    #[must_use]
    pub fn word(&self) -> String {
        self.constant.to_ascii_lowercase().replacen("crc_", "crc", 1)
    }

    /// Its name in the catalogue: `CRC-16/IBM-3740`.
    #[must_use]
    pub fn title(&self) -> String {
        self.constant.replacen('_', "-", 1).replacen('_', "/", 1).replace('_', "-")
    }

    fn named(constant: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|crc| crc.constant == constant)
    }
}

impl Function {
    /// The function that the language knows by this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        if let Some((_, function)) = OTHERS.iter().find(|(known, _)| *known == name) {
            return Some(*function);
        }
        let crc = match ALIASES.iter().find(|(alias, _)| *alias == name) {
            Some((_, constant)) => Crc::named(constant),
            None => CATALOGUE.iter().find(|crc| crc.word() == name),
        };
        crc.map(Self::Crc)
    }

    /// The names of all functions, the short ones first.
    #[must_use]
    pub fn names() -> Vec<String> {
        let short = OTHERS.iter().map(|(name, _)| *name).chain(ALIASES.iter().map(|(name, _)| *name));
        short.map(str::to_owned).chain(CATALOGUE.iter().map(Crc::word)).collect()
    }

    /// Its name in the language, if it has one: of a CRC the one of the catalogue.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Crc(crc) => crc.word(),
            other => OTHERS.iter().find(|(_, known)| *known == other).map(|(name, _)| *name).unwrap_or_default().into(),
        }
    }

    /// How many bits it comes to.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::Crc(crc) => crc.width,
            Self::Sum(bits) | Self::Extern { bits, .. } => bits,
            Self::Xor8 => 8,
            Self::Adler32 => 32,
            Self::Internet => 16,
        }
    }
}

impl Layout {
    /// The checksum that a field is.
    #[must_use]
    pub fn checksum(&self, field: usize) -> Option<Checksum> {
        match self.fields.get(field)?.role {
            Role::Checksum(checksum) => Some(checksum),
            _ => None,
        }
    }

    /// The checksums in an order in which each stands behind those that it covers, and behind which field its bytes are all
    /// written.
    #[must_use]
    pub fn checksums(&self) -> Vec<(usize, usize)> {
        let mut open: Vec<(usize, Checksum)> =
            (0..self.fields.len()).filter_map(|at| self.checksum(at).map(|checksum| (at, checksum))).collect();
        let mut placed: Vec<(usize, usize)> = Vec::new();
        let waits = |checksum: &Checksum, at: usize, open: &[(usize, Checksum)]| {
            open.iter().any(|(other, _)| *other != at && checksum.covers(*other))
        };
        while let Some(next) = open.iter().position(|(at, checksum)| !waits(checksum, *at, &open)) {
            let (at, checksum) = open.remove(next);
            let covered = placed.iter().filter(|(other, _)| checksum.covers(*other)).map(|(_, due)| *due);
            let due = covered.max().unwrap_or(0).max(checksum.last).max(at);
            placed.push((at, due));
        }
        placed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found() {
        for name in Function::names() {
            assert!(Function::find(&name).is_some(), "{name}");
        }
        assert_eq!(Function::find("crc16_ccitt").map(Function::name).as_deref(), Some("crc16_ibm_3740"));
        assert_eq!(Crc::named("CRC_64_ECMA_182").map(Crc::title).as_deref(), Some("CRC-64/ECMA-182"));
        assert_eq!(Function::find("crc16_ccit"), None);
    }
}
