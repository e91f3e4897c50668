use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;

use std::collections::BTreeSet;

use super::*;

fn key(private: &str) -> ApiKey {
    ApiKey {
        public: "Mufasa".to_owned(),
        private: private.into(),
    }
}

fn challenge(algorithm: Algorithm) -> DigestChallenge {
    DigestChallenge {
        realm: "http-auth@example.org".to_owned(),
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".to_owned(),
        opaque: Some("FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS".to_owned()),
        algorithm,
        named: true,
        stale: false,
    }
}

const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

#[test]
fn agrees_with_rfc_7616() {
    // Section 3.9.1: the same request by both algorithms.
    for (algorithm, response) in [
        (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
        (
            Algorithm::Sha256,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let key = key("Circle of Life");
        let value = challenge(algorithm).authorization(&key, "GET", "/dir/index.html", 1, CNONCE);
        assert_eq!(
            value,
            format!(
                "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 uri=\"/dir/index.html\", algorithm={}, qop=auth, nc=00000001, \
                 cnonce=\"{CNONCE}\", response=\"{response}\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
                algorithm.name()
            )
        );
    }
}

#[test]
fn agrees_with_rfc_2617() {
    // Section 3.5, whose challenge names no algorithm.
    let challenge = DigestChallenge {
        realm: "testrealm@host.com".to_owned(),
        nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093".to_owned(),
        opaque: None,
        algorithm: Algorithm::Md5,
        named: false,
        stale: false,
    };
    let key = key("Circle Of Life");
    let value = challenge.authorization(&key, "GET", "/dir/index.html", 1, "0a4f113b");
    assert!(
        value.contains("response=\"6629fae49393a05397450978507c4ef1\""),
        "{value}"
    );
    assert!(
        !value.contains("algorithm") && !value.contains("opaque"),
        "{value}"
    );
}

#[test]
fn a_session_hashes_the_nonces_into_the_secret() {
    for (algorithm, plain) in [
        (Algorithm::Md5Session, Algorithm::Md5),
        (Algorithm::Sha256Session, Algorithm::Sha256),
    ] {
        let challenge = challenge(algorithm);
        let value = challenge.authorization(&key("secret"), "GET", "/x?y=1", 0x1f, CNONCE);
        let hash = |text: &str| plain.hash(text);
        let first = hash("Mufasa:http-auth@example.org:secret");
        let session = hash(&format!("{first}:{}:{CNONCE}", challenge.nonce));
        let request = hash("GET:/x?y=1");
        let nonce = &challenge.nonce;
        let response = hash(&format!(
            "{session}:{nonce}:0000001f:{CNONCE}:auth:{request}"
        ));
        assert!(
            value.contains(&format!("response=\"{response}\"")),
            "{value}"
        );
        assert!(value.contains("nc=0000001f"), "{value}");
        assert!(!value.contains("secret"), "{value}");
    }
}

#[test]
fn quotes_are_escaped() {
    let mut challenge = challenge(Algorithm::Md5);
    challenge.realm = r#"a "b" \"#.to_owned();
    let value = challenge.authorization(&key("x"), "GET", "/", 1, "c");
    assert!(value.contains(r#"realm="a \"b\" \\", nonce="#), "{value}");
}

fn sent(nonce: &str, more: &str) -> DigestChallenge {
    let mut headers = http::HeaderMap::new();
    let value = format!("Digest realm=r, qop=auth, nonce=\"{nonce}\"{more}");
    headers.insert("www-authenticate", value.parse().unwrap());
    DigestChallenge::choose(&headers).unwrap().unwrap()
}

/// A state whose first call was refused with nonce `a`, sent again, and is done.
fn begun() -> DigestState {
    let state = DigestState::default();
    let again = state.rejected(&state.turn(), sent("a", ""), "c").unwrap();
    assert_eq!(place(&again), at("a", 1));
    state
}

/// The nonce and count of a turn.
fn place(turn: &Turn) -> Option<(String, u32)> {
    let (lane, count) = turn.place.as_ref()?;
    Some((lane.challenge.nonce.clone(), *count))
}

fn at(nonce: &str, count: u32) -> Option<(String, u32)> {
    Some((nonce.to_owned(), count))
}

#[test]
fn counts_from_one_under_each_nonce() {
    let state = begun();
    let second = state.turn();
    assert_eq!(place(&second), at("a", 2));
    let again = state
        .rejected(&second, sent("b", ", stale=true"), "c")
        .unwrap();
    assert_eq!(place(&again), at("b", 1));
    drop(again);
    assert_eq!(place(&state.turn()), at("b", 2));
    assert_eq!(place(&state.turn()), at("b", 3));
}

#[test]
fn a_wrong_key_is_not_tried_for_ever() {
    let state = DigestState::default();
    let again = state.rejected(&state.turn(), sent("a", ""), "c").unwrap();
    assert!(state.rejected(&again, sent("b", ""), "c").is_none());
    drop(again);
    // The nonce of a later call still holds, and the response is rejected all the same.
    let later = state.turn();
    assert_eq!(place(&later), at("a", 2));
    assert!(state.rejected(&later, sent("a", ""), "c").is_none());
}

#[test]
fn a_nonce_that_served_may_end_without_being_called_stale() {
    let state = begun();
    let again = state.rejected(&state.turn(), sent("b", ""), "c").unwrap();
    assert_eq!(place(&again), at("b", 1));
    // Fresh but called stale: the server's clock or memory, not the key.
    let once_more = state
        .rejected(&again, sent("c", ", stale=true"), "c")
        .unwrap();
    assert_eq!(place(&once_more), at("c", 1));
}

#[test]
fn nonces_that_nothing_is_signed_with_any_more_are_forgotten() {
    let state = begun();
    for nonce in ["b", "c", "d", "e", "f"] {
        drop(state.rejected(&state.turn(), sent(nonce, ", stale=true"), "c"));
    }
    // At most the one that was current until then, and the last.
    assert!(lock(&state.0).apart.len() <= 2);
}

#[test]
fn a_stale_nonce_is_followed_however_often() {
    let state = DigestState::default();
    let mut turn = state.turn();
    turn = state.rejected(&turn, sent("a", ""), "c").unwrap();
    for nonce in ["b", "c", "d"] {
        turn = state
            .rejected(&turn, sent(nonce, ", stale=true"), "c")
            .unwrap();
        assert_eq!(place(&turn), at(nonce, 1));
    }
    // Even where the service repeats the nonce that it calls stale.
    turn = state
        .rejected(&turn, sent("d", ", stale=true"), "c")
        .unwrap();
    assert_eq!(place(&turn), at("d", 2));
}

#[test]
fn a_challenge_that_was_refused_is_not_kept() {
    let state = begun();
    let first = state
        .rejected(&state.turn(), sent("b", ", stale=true"), "c")
        .unwrap();
    let second = state
        .rejected(&first, sent("c", ", stale=true"), "c")
        .unwrap();
    // Others stay with what they have.
    drop(first);
    assert_eq!(place(&state.turn()), at("a", 3));
    drop(second);
    assert_eq!(place(&state.turn()), at("c", 2));
}

#[test]
fn what_is_sent_again_is_not_overtaken() {
    let state = begun();
    let rejected = state
        .rejected(&state.turn(), sent("b", ", stale=true"), "c")
        .unwrap();
    // While it is on its way, others stay with what they have.
    assert_eq!(place(&state.turn()), at("a", 3));
    let other = state
        .rejected(&state.turn(), sent("c", ", stale=true"), "c")
        .unwrap();
    assert_eq!((place(&rejected), place(&other)), (at("b", 1), at("c", 1)));
    drop(rejected);
    assert_eq!(place(&state.turn()), at("b", 2));
    drop(other);
    assert_eq!(place(&state.turn()), at("c", 2));
}

#[test]
fn one_nonce_for_many_has_one_count() {
    let state = DigestState::default();
    let unsigned: Vec<Turn> = (0..3).map(|_| state.turn()).collect();
    assert!(unsigned.iter().all(|turn| place(turn).is_none()));
    let again: Vec<Turn> = unsigned
        .iter()
        .map(|turn| state.rejected(turn, sent("a", ""), "c").unwrap())
        .collect();
    let places: Vec<_> = again.iter().map(place).collect();
    assert_eq!(places, [at("a", 1), at("a", 2), at("a", 3)]);
    drop(again);
    assert_eq!(place(&state.turn()), at("a", 4));
    let late = state.rejected(&unsigned[0], sent("a", ""), "c").unwrap();
    assert_eq!(place(&late), at("a", 5));
}

#[test]
fn a_session_keeps_its_client_nonce() {
    let state = DigestState::default();
    let session = sent("a", ", algorithm=MD5-sess");
    let again = state.rejected(&state.turn(), session, "kept").unwrap();
    let cnonce = |turn: &Turn| {
        let value = turn
            .authorization(&key("secret"), "GET", "/", "mine")
            .unwrap();
        let (_, rest) = value.split_once("cnonce=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    assert_eq!(cnonce(&again), "kept");
    drop(again);
    assert_eq!(cnonce(&state.turn()), "kept");
    let again = state
        .rejected(&state.turn(), sent("b", ""), "kept")
        .unwrap();
    assert_eq!(cnonce(&again), "mine");
}

#[test]
fn a_used_up_count_asks_for_a_new_challenge() {
    let state = begun();
    let lane = lock(&state.0).current.clone().unwrap();
    lane.used.store(u32::MAX - 1, Ordering::Relaxed);
    assert_eq!(place(&state.turn()), at("a", u32::MAX));
    let unsigned = state.turn();
    assert_eq!(place(&unsigned), None);
    let again = state.rejected(&unsigned, sent("b", ""), "c").unwrap();
    assert_eq!(place(&again), at("b", 1));
}

#[test]
fn no_count_is_used_twice_by_threads() {
    let state = begun();
    let turns = |_| (0..500).map(|_| place(&state.turn()).unwrap().1).collect();
    let counts: Vec<u32> = eight_threads(turns);
    let distinct: BTreeSet<u32> = counts.iter().copied().collect();
    assert_eq!(distinct, (2..=4_001).collect());
    assert_eq!(counts.len(), 4_000);
}

#[test]
fn no_count_is_used_twice_while_nonces_are_replaced() {
    let state = begun();
    // Each rejection brings a nonce of its own, as Atlas does it, or one that all threads get,
    // which a request that is on its way keeps known.
    let on_its_way = state.rejected(&state.turn(), sent("shared", ", stale=true"), "c");
    let turns = |thread: usize| {
        let mut places = Vec::new();
        for round in 0..500 {
            let mut turn = state.turn();
            places.extend(place(&turn));
            if round % 3 == 0 {
                let nonce = match round % 2 {
                    0 => format!("{thread}-{round}"),
                    _ => "shared".to_owned(),
                };
                let stale = sent(&nonce, ", stale=true");
                turn = state.rejected(&turn, stale, "c").unwrap();
                places.extend(place(&turn));
            }
        }
        places
    };
    let mut places: Vec<(String, u32)> = eight_threads(turns);
    places.extend(place(&on_its_way.unwrap()));
    let distinct: BTreeSet<_> = places.iter().collect();
    // 500 calls of each thread, 167 of which are sent again, and the one on its way.
    assert_eq!((distinct.len(), places.len()), (8 * 667 + 1, 8 * 667 + 1));
}

/// What eight threads that work at the same time bring, each called with its number.
fn eight_threads<T: Send>(work: impl Fn(usize) -> Vec<T> + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..8)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        let done = threads.into_iter().map(|thread| thread.join().unwrap());
        done.flatten().collect()
    })
}

fn choose(values: &[&str]) -> Result<Option<DigestChallenge>> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap());
    }
    DigestChallenge::choose(&headers)
}

fn chosen(values: &[&str]) -> DigestChallenge {
    choose(values).unwrap().unwrap()
}

#[test]
fn the_challenge_that_atlas_sends_is_read() {
    let challenge = chosen(&[
        r#"Digest realm="MMS Public API", domain="", nonce="dGVzdA+/x", algorithm=MD5, qop="auth", stale=false"#,
    ]);
    assert_eq!(challenge.realm, "MMS Public API");
    assert_eq!(challenge.nonce, "dGVzdA+/x");
    assert_eq!(challenge.algorithm, Algorithm::Md5);
    assert_eq!(challenge.opaque, None);
    assert!(challenge.named && !challenge.stale);
}

#[test]
fn the_strongest_is_chosen_wherever_it_stands() {
    let md5 = r#"Digest realm="r", nonce="1", qop="auth", algorithm=MD5"#;
    let sha = r#"Digest realm="r", nonce="2", qop="auth, auth-int", algorithm=sha-256"#;
    let session = r#"Digest realm="r", nonce="3", qop=auth, algorithm=SHA-256-sess"#;
    let other = r#"Digest realm="r", nonce="4", qop="auth", algorithm=SHA-512-256"#;
    let (basic, bearer) = (r#"Basic realm="r""#, "Bearer");
    let in_one = [bearer, md5, other, sha, basic].join(", ");
    for (values, nonce, algorithm) in [
        (vec![md5], "1", Algorithm::Md5),
        (vec![md5, sha], "2", Algorithm::Sha256),
        (vec![sha, md5], "2", Algorithm::Sha256),
        (
            vec![basic, session, bearer, md5],
            "3",
            Algorithm::Sha256Session,
        ),
        (vec![session, sha, other], "2", Algorithm::Sha256),
        (vec![in_one.as_str()], "2", Algorithm::Sha256),
    ] {
        let challenge = chosen(&values);
        assert_eq!(
            (challenge.nonce.as_str(), challenge.algorithm),
            (nonce, algorithm)
        );
    }
}

#[test]
fn rare_spellings_are_read() {
    let challenge = chosen(&["digest nonce=n, QOP=Auth, stale=TRUE, opaque=o, userhash=true"]);
    assert!(challenge.stale && !challenge.named);
    assert_eq!(
        (challenge.realm.as_str(), challenge.opaque.as_deref()),
        ("", Some("o"))
    );
}

#[test]
fn an_unsupported_form_is_named() {
    for (value, reason) in [
        (
            "Digest nonce=n, qop=auth, algorithm=SHA-512-256",
            "algorithm \"SHA-512-256\"",
        ),
        (
            "Digest nonce=n, qop=auth-int",
            "quality of protection \"auth-int\"",
        ),
        ("Digest nonce=n", "no quality of protection (qop)"),
        ("Digest qop=auth", "no nonce"),
        ("Digest qop=auth, nonce=\"\"", "no nonce"),
    ] {
        let error = choose(&[value]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert!(error.message().ends_with(&format!("({reason})")), "{error}");
    }
    for none in [&["Bearer, Basic realm=x"][..], &[]] {
        assert_eq!(choose(none).unwrap(), None);
    }
}
