//! A link as a QR code, drawn on this machine: an SVG for pages and block characters for terminals.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode, render::unicode::Dense1x2};

use crate::error::{Error, ErrorCode};

/// Empty modules that ISO/IEC 18004 asks for on each side.
const QUIET_ZONE: usize = 4;

/// Name of the picture for who cannot see it. It holds no link: a code stands in its link only.
const TITLE: &str = "QR code of the sign-in link";

/// Draws a link as an SVG document without a size of its own: it fills whatever holds it and stays sharp.
///
/// It can stand in a page as it is: it needs no style, script or other file, and has a title for screen readers.
///
/// ```
/// # use loggin_protocol as loggin;
/// let svg = loggin::qr::svg("https://wa.me/14155552671?text=Hello")?;
/// assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
/// # Ok::<(), loggin::Error>(())
/// ```
///
/// # Errors
/// `invalid_request` where the link is longer than a QR code can hold, 2,331 bytes or somewhat more.
pub fn svg(link: &str) -> Result<String, Error> {
    let code = encode(link)?;
    let side = code.width() + 2 * QUIET_ZONE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" \
         aria-label=\"{TITLE}\" shape-rendering=\"crispEdges\"><title>{TITLE}</title>\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\""
    );
    for (row, modules) in code.to_colors().chunks(code.width()).enumerate() {
        let mut column = 0;
        for run in modules.chunk_by(PartialEq::eq) {
            if run[0] == Color::Dark {
                let (x, y, width) = (column + QUIET_ZONE, row + QUIET_ZONE, run.len());
                // Writing to a string cannot fail.
                let _ = write!(svg, "M{x} {y}h{width}v1h-{width}z");
            }
            column += run.len();
        }
    }
    svg.push_str("\"/></svg>");
    Ok(svg)
}

/// Draws a link with block characters, two rows of modules a line, for a terminal of light text on dark ground.
///
/// Lines are joined by line feeds; the last has none.
///
/// ```
/// # use loggin_protocol as loggin;
/// let picture = loggin::qr::terminal("https://login.example.com/l/8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB")?;
/// println!("{picture}");
/// # Ok::<(), loggin::Error>(())
/// ```
///
/// # Errors
/// `invalid_request` where the link is longer than a QR code can hold, 2,331 bytes or somewhat more.
pub fn terminal(link: &str) -> Result<String, Error> {
    // A dark module is the ground showing through, so the colours are the other way round.
    let picture =
        encode(link)?.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    Ok(picture)
}

/// The level of error correction that is usual for screens.
fn encode(link: &str) -> Result<QrCode, Error> {
    QrCode::with_error_correction_level(link, EcLevel::M)
        .map_err(|_| Error::new(ErrorCode::InvalidRequest, "The link is too long for a QR code."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        link::{self, MAX_TEXT_CHARS, WhatsAppNumber},
        token::Code,
    };

    const LINK: &str = "https://login.example.com/l/8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB";

    /// The dark modules of a picture, row by row, as its path draws them.
    fn modules_of_svg(svg: &str) -> Vec<Vec<bool>> {
        let (_, path) = svg.rsplit_once(" d=\"").unwrap();
        let side: usize =
            svg.split_once("viewBox=\"0 0 ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
        let mut modules = vec![vec![false; side]; side];
        for run in path.split('M').skip(1) {
            let numbers: Vec<usize> = run
                .split(|symbol: char| !symbol.is_ascii_digit())
                .filter_map(|part| part.parse().ok())
                .collect();
            modules[numbers[1]][numbers[0]..numbers[0] + numbers[2]].fill(true);
        }
        modules
    }

    /// The dark modules of a picture of block characters.
    fn modules_of_blocks(picture: &str) -> Vec<Vec<bool>> {
        let halves = |symbol| match symbol {
            ' ' => (true, true),
            '▀' => (false, true),
            '▄' => (true, false),
            '█' => (false, false),
            other => panic!("{other:?}"),
        };
        picture
            .lines()
            .flat_map(|line| {
                let (top, bottom): (Vec<_>, Vec<_>) = line.chars().map(halves).unzip();
                [top, bottom]
            })
            .collect()
    }

    #[test]
    fn both_drawings_show_the_same_code_in_its_quiet_zone() {
        let svg = modules_of_svg(&svg(LINK).unwrap());
        let mut blocks = modules_of_blocks(&terminal(LINK).unwrap());
        blocks.truncate(svg.len());
        assert_eq!(blocks, svg);

        let code = QrCode::new(LINK).unwrap();
        for (y, row) in svg.iter().enumerate() {
            for (x, &dark) in row.iter().enumerate() {
                let inside = |at: usize| at.checked_sub(QUIET_ZONE).filter(|&at| at < code.width());
                let expected = inside(x).zip(inside(y)).is_some_and(|at| code[at] == Color::Dark);
                assert_eq!(dark, expected, "at {x}, {y}");
            }
        }
    }

    #[test]
    fn no_drawing_shows_the_code_as_text() {
        for picture in [svg(LINK).unwrap(), terminal(LINK).unwrap()] {
            assert!(!picture.contains("8XKPQ2WN") && !picture.contains("login.example"), "{picture}");
        }
    }

    #[test]
    fn the_longest_message_fits() {
        let code = Code::parse("8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB").unwrap();
        let own = "𐍈".repeat(MAX_TEXT_CHARS - code.expose().chars().count());
        let text = link::message_text(Some(&format!("{own}{{code}}")), &code).unwrap();
        let number = WhatsAppNumber::parse("123456789012345").unwrap();
        assert!(svg(&link::wa_me_link(number, &text)).is_ok());
    }

    #[test]
    fn a_link_beyond_the_largest_code_is_refused() {
        let error = svg(&"é".repeat(3_000)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidRequest);
        assert_eq!(terminal(&"é".repeat(3_000)).unwrap_err(), error);
    }
}
