//! The identifier of an organization.

use crate::id::object_id::object_id;

object_id! {
    /// Which organization: 24 hexadecimal digits in lower case.
    ///
    /// Atlas shows it under Organization Settings, and in the address bar after `/org/`.
    ///
    /// ```
    /// use atlas_billing::OrgId;
    ///
    /// let org: OrgId = "64b7f0a1c2d3e4f506172839".parse()?;
    /// assert_eq!(org.as_str(), "64b7f0a1c2d3e4f506172839");
    /// assert!("64B7".parse::<OrgId>().is_err());
    /// # Ok::<(), atlas_billing::Error>(())
    /// ```
    OrgId, "an organization id"
}

#[cfg(test)]
mod tests {
    use super::OrgId;

    #[test]
    fn is_text_to_serde_and_shows_itself() {
        let json = r#""64b7f0a1c2d3e4f506172839""#;
        let id: OrgId = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), json);
        assert_eq!(format!("{id:?}"), r#"OrgId("64b7f0a1c2d3e4f506172839")"#);
        assert_eq!(format!("{id:>26}"), "  64b7f0a1c2d3e4f506172839");
        let refused = serde_json::from_str::<OrgId>(r#""x""#).unwrap_err();
        assert!(refused.to_string().contains("is not an organization id"));
    }
}
