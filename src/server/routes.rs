//! Which answer belongs to which path. What is no route is a file of the site.

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::middleware;
use axum::routing::{MethodRouter, get, post};
use tower_http::compression::CompressionLayer;

use super::limits::Bounds;
use super::problem::Problem;
use super::{App, articles, files, found, limits, openapi, submitted};

/// The routes of the API, as `OpenAPI` writes them.
fn table() -> [(&'static str, MethodRouter<App>); 9] {
    [
        ("/articles", get(articles::list)),
        ("/articles/{year}/{month}/{day}/{slug}", get(articles::article)),
        (
            "/articles/{year}/{month}/{day}/{slug}/history",
            get(articles::past),
        ),
        (
            "/articles/{year}/{month}/{day}/{slug}/timemap",
            get(articles::timemap),
        ),
        ("/revisions/{commit}", get(articles::revision)),
        ("/proofs/{commit}", get(articles::proof)),
        ("/search", get(found::search)),
        ("/verify", post(submitted::verify)),
        ("/openapi.json", get(openapi::document)),
    ]
}

/// Returns the paths of the routes.
#[cfg(test)]
pub fn paths() -> Vec<&'static str> {
    table().iter().map(|(path, _)| *path).collect()
}

/// Returns everything that answers a request, limits included.
pub fn router(app: App) -> Router {
    let bounds = Bounds::of(&app.limits, Arc::clone(&app.told));
    let mut router = Router::new();
    for (path, answers) in table() {
        router = router.route(path, answers);
    }
    router
        .fallback(files::file)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn_with_state(bounds.clone(), limits::held))
        .layer(middleware::from_fn(limits::shown))
        .layer(CompressionLayer::new().compress_when(limits::is_worth_compressing))
        .layer(middleware::from_fn(limits::readable))
        .layer(middleware::from_fn_with_state(bounds, limits::limited))
        .with_state(app)
}

/// The routes add which methods there are.
async fn other_method(method: Method) -> Problem {
    let what = format!("{method} is no method of this address");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, what)
        .hint("the header Allow names those that are; /openapi.json says what each does")
}
