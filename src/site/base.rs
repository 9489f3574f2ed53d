//! Where a site is published: what its files are called from elsewhere.

/// The address of the site's folder, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base(String);

impl Base {
    /// Takes the address from an archive's settings.
    pub fn of(address: &str) -> Self {
        Self(address.trim_end_matches('/').to_owned())
    }

    /// Returns the address of a file; names of a site need no escaping in addresses.
    pub fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }

    /// Returns the host, by which the names of entries begin (RFC 4151), without a port.
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_an_address_and_the_site_a_host() {
        let base = Base::of("https://example.org:8443/archive/");
        assert_eq!(base.at("feed.atom"), "https://example.org:8443/archive/feed.atom");
        assert_eq!(base.host(), "example.org");
        assert_eq!(Base::of("http://user@example.org").host(), "example.org");
    }
}
