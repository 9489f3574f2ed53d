//! The description of the API for programs, in the form of `OpenAPI` 3.1.

use axum::http::HeaderMap;
use axum::response::Response;

use super::negotiation::{Representation, tag_of};

/// The document, written by hand; a test holds it against the routes.
pub const DOCUMENT: &str = include_str!("openapi.json");

/// `GET /openapi.json`.
pub async fn document(headers: HeaderMap) -> Response {
    Representation {
        bytes: DOCUMENT.as_bytes().to_vec(),
        media_type: "application/json",
        tag: tag_of(DOCUMENT.as_bytes()),
    }
    .answer(&headers)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use serde_json::Value;
    use tower::ServiceExt;

    use super::super::{App, Limits, Options, routes};
    use super::DOCUMENT;
    use crate::archive::Owner;

    fn described() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let document = described();
        let described: BTreeSet<&str> = document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(described, routes::paths().into_iter().collect());
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    #[tokio::test]
    async fn every_route_has_the_methods_that_are_described() {
        let options = Options {
            archive: "/nowhere".into(),
            owner: Owner::Caller,
            site: "/nowhere".into(),
            theme: None,
            limits: Limits::default(),
        };
        let router = routes::router(App::new(&options, Arc::new(|_| {})).unwrap());
        for (path, methods) in described()["paths"].as_object().unwrap() {
            let known = ["get", "post", "put", "delete", "patch"];
            let methods: Vec<String> = methods.as_object().unwrap().keys().cloned().collect();
            let methods = methods.iter().filter(|method| known.contains(&method.as_str()));
            let allowed: Vec<&str> = methods
                .map(|method| if method == "get" { "GET,HEAD" } else { "POST" })
                .collect();
            let request = Request::builder()
                .method("BREW")
                .uri(path.replace(['{', '}'], ""))
                .header("host", "archive.example");
            let response = router
                .clone()
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(response.headers()["allow"], allowed.join(","), "{path}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = described();
        let mut pending = vec![&document];
        let mut seen = 0;
        while let Some(value) = pending.pop() {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
                seen += 1;
            }
            match value {
                Value::Object(members) => pending.extend(members.values()),
                Value::Array(items) => pending.extend(items),
                _ => {}
            }
        }
        assert!(seen > 20, "{seen}");
    }
}
