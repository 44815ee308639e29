//! The pictures of the guide are those that the crate draws now.

#[allow(dead_code, reason = "the program that draws them has a main of its own")]
#[path = "../examples/draw_guide_pictures.rs"]
mod draw;

#[test]
fn pictures_are_not_stale() {
    for (name, picture) in draw::pictures() {
        let path = format!("{}/guide/pictures/{name}", env!("CARGO_MANIFEST_DIR"));
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == picture, "{name} is stale: run the example draw_guide_pictures");
    }
}
