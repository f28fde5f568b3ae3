//! Dates as HTTP writes them.

/// Seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT`; `None` for other forms, which
/// servers no longer send.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once(", ")?;
    let parts: Vec<&str> = rest.split(' ').collect();
    let &[day, month, year, time, "GMT"] = &parts[..] else { return None };
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == month)? as u64 + 1;
    let number = |text: &str, most: u64| text.parse::<u64>().ok().filter(|&n| n <= most);
    let (day, year) = (number(day, 31)?, number(year, 9999).filter(|&year| year >= 1970)?);
    let time: Vec<u64> = time.split(':').map(|part| number(part, 60)).collect::<Option<_>>()?;
    let &[hours, minutes, seconds] = &time[..] else { return None };
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    // What the same sum gives for 1 January 1970.
    let days = days.checked_sub(719_469)?;
    Some(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn reads_the_dates_that_servers_send() {
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(seconds("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        assert_eq!(seconds("Fri, 31 Dec 9999 23:59:59 GMT"), Some(253_402_300_799));
        for other in ["", "soon", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT"] {
            assert_eq!(seconds(other), None, "{other}");
        }
    }
}
