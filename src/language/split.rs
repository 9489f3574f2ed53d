//! The parts of a page that are in one language each: judged by script, and for alphabets that many languages share by words.

use super::script::Script;
use super::{Language, list};

/// The languages of a page cannot be told apart in contiguous parts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Languages take turns, so that no order of parts keeps the order of the text.
    #[error("the languages {} take turns on this page, so it has no part for each", list(.0))]
    TakingTurns(Vec<Language>),
    /// A language was asked for that no paragraph is in.
    #[error("no paragraph of this page is in the language {0}")]
    Absent(Language),
    /// The languages were asked for in another order than the page's.
    #[error("the part in {0} does not stand where it was named; name the languages in page order")]
    Order(Language),
    /// A language was asked for twice.
    #[error("the language {0} is named twice")]
    Twice(Language),
}

/// Divides the blocks of a page into contiguous parts, one for each language, without changing their order.
///
/// Each block's language is judged by script (Han, kana, Hangul, Cyrillic, …) and for alphabets shared by many
/// languages by its words; then the parts are placed so that the fewest characters stand in another language's
/// part. `asked` names the languages and their order; empty, they are detected. Returns each language with the
/// number of blocks in its part, in page order.
///
/// # Errors
/// [`SplitError`] where no placing is plausible.
pub fn split(blocks: &[&str], asked: &[Language]) -> Result<Vec<(Language, usize)>, SplitError> {
    for (position, language) in asked.iter().enumerate() {
        if asked[..position].contains(language) {
            return Err(SplitError::Twice(language.clone()));
        }
    }
    if let [only] = asked {
        return Ok(vec![(only.clone(), blocks.len())]);
    }
    let weights: Vec<usize> = blocks.iter().map(|block| block.chars().count()).collect();
    let mut judged = judge(blocks, asked);
    if asked.is_empty() {
        pass_over_asides(blocks, &weights, &mut judged);
    }
    let mut found: Vec<Language> = Vec::new();
    for language in judged.iter().flatten() {
        if !found.contains(language) {
            found.push(language.clone());
        }
    }
    if found.is_empty() {
        found.push(asked.first().cloned().unwrap_or_else(|| Language::of("und")));
    }
    let orders = if asked.is_empty() {
        orders(&found)
    } else {
        vec![asked.to_vec()]
    };
    let (parts, strays) = orders
        .into_iter()
        .map(|order| place(&judged, &weights, &order))
        .min_by_key(|(_, strays)| *strays)
        .expect("at least one order is tried");
    if let Some(absent) = asked
        .iter()
        .find(|asked| !parts.iter().any(|(placed, _)| placed == *asked))
    {
        let elsewhere = found.contains(absent);
        return Err(if elsewhere {
            SplitError::Order
        } else {
            SplitError::Absent
        }(absent.clone()));
    }
    if asked.is_empty() && strays * 5 > weights.iter().sum::<usize>() {
        return Err(SplitError::TakingTurns(found));
    }
    Ok(parts)
}

/// Takes from their languages what is no part of a page in Latin letters: addresses, and the few words, such as a source or a
/// name, that stay in them in any language.
fn pass_over_asides(blocks: &[&str], weights: &[usize], judged: &mut [Option<Language>]) {
    let is_latin = |language: &Language| Script::of_language(language) == Script::Latin;
    if !judged.iter().flatten().any(|language| !is_latin(language)) {
        return;
    }
    let latin: Vec<usize> = (0..blocks.len())
        .filter(|at| judged[*at].as_ref().is_some_and(is_latin))
        .collect();
    let (addresses, words): (Vec<usize>, Vec<usize>) =
        latin.into_iter().partition(|at| is_address(blocks[*at]));
    let weight: usize = words.iter().map(|at| weights[*at]).sum();
    let are_few = weight < SHORTEST_JUDGED && weight * FEW < weights.iter().sum();
    for at in addresses.into_iter().chain(words.into_iter().filter(|_| are_few)) {
        judged[at] = None;
    }
}

/// Tells whether a block is an address and nothing else.
fn is_address(block: &str) -> bool {
    let block = block.trim();
    !block.contains(char::is_whitespace) && (block.contains("://") || block.starts_with("www."))
}

/// Words that are less than this part of a page are none in a language of its own.
const FEW: usize = 20;

/// Judges which of a page's languages a title is in: the one whose script it has any letter of, Latin aside,
/// because names stay in Latin letters in any language; else the one its words are in; else the first.
///
/// # Panics
/// Where no language is given: a page with text has one.
#[must_use]
pub fn of_title(title: &str, languages: &[Language]) -> Language {
    let scripts: Vec<Script> = title.chars().filter_map(Script::of_character).collect();
    let by_letter = languages.iter().find(|language| {
        let script = Script::of_language(language);
        script != Script::Latin && scripts.contains(&script)
    });
    let by_words = || {
        let (found, _) = split(&[title], &[]).ok()?.into_iter().next()?;
        languages
            .iter()
            .find(|language| language.primary() == found.primary())
    };
    by_letter
        .or_else(by_words)
        .or(languages.first())
        .cloned()
        .expect("a page with text has a language")
}

/// Judges which language a text is in: one of those given whose script it is written in, else the most usual of its
/// script; `None` where it has no letters.
#[must_use]
pub fn of_text(text: &str, languages: &[Language]) -> Option<Language> {
    judge(&[text], languages).pop().flatten()
}

/// Returns those of the declared languages that a detected one may be: it in a country or script, else, where it is the most
/// usual of its script, those of the script that are never detected.
#[must_use]
pub fn declared_for<'a>(detected: &Language, declared: &'a [Language]) -> Vec<&'a Language> {
    let forms: Vec<&Language> = declared
        .iter()
        .filter(|language| language.primary() == detected.primary())
        .collect();
    if !forms.is_empty() {
        return forms;
    }
    let script = Script::of_language(detected);
    let is_never_detected = |language: &&Language| {
        let tag = language.primary();
        tag != Script::of_language(language).usual_language()
            && DETECTED.iter().all(|(known, _)| *known != tag)
    };
    declared
        .iter()
        .filter(|language| {
            detected.as_str() == script.usual_language() && Script::of_language(language) == script
        })
        .filter(is_never_detected)
        .collect()
}

/// Puts the parts of the given languages, in that order, where the fewest characters are out of place.
/// Returns the parts that are not empty, and the characters that are.
fn place(
    judged: &[Option<Language>],
    weights: &[usize],
    order: &[Language],
) -> (Vec<(Language, usize)>, usize) {
    // cost[k]: strays up to here with the last block in part k; came[i][k]: the part of the block before.
    let mut cost = vec![usize::MAX; order.len()];
    let mut came: Vec<Vec<usize>> = Vec::with_capacity(judged.len());
    for (index, (language, weight)) in judged.iter().zip(weights).enumerate() {
        let mut best = (usize::MAX, 0);
        let mut from = Vec::with_capacity(order.len());
        for (part, part_language) in order.iter().enumerate() {
            if cost[part] < best.0 {
                best = (cost[part], part);
            }
            let before = if index == 0 { 0 } else { best.0 };
            from.push(best.1);
            let stray = language
                .as_ref()
                .is_some_and(|language| language != part_language);
            cost[part] = before.saturating_add(if stray { *weight } else { 0 });
        }
        came.push(from);
    }
    let mut part = (0..order.len()).min_by_key(|part| cost[*part]).unwrap_or(0);
    let strays = cost.get(part).copied().unwrap_or(0);
    let mut counts = vec![0; order.len()];
    for from in came.iter().rev() {
        counts[part] += 1;
        part = from[part];
    }
    let parts = order
        .iter()
        .cloned()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .collect();
    (parts, strays)
}

/// Every order of up to four languages; of more, only the order of their first paragraphs.
fn orders(found: &[Language]) -> Vec<Vec<Language>> {
    if found.len() > 4 {
        return vec![found.to_vec()];
    }
    let mut orders = vec![Vec::new()];
    for language in found {
        let longer = |order: &Vec<Language>| {
            (0..=order.len())
                .rev()
                .map(|place| {
                    let mut order = order.clone();
                    order.insert(place, language.clone());
                    order
                })
                .collect::<Vec<_>>()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    orders
}

/// Judges each block's language; `None` where it has no letters, which fits any part.
fn judge(blocks: &[&str], asked: &[Language]) -> Vec<Option<Language>> {
    let mut scripts: Vec<Option<Script>> = blocks.iter().map(|block| Script::of(block)).collect();
    if !asked
        .iter()
        .any(|language| Script::of_language(language) == Script::Han)
    {
        take_for_japanese(blocks, &mut scripts);
    }
    let whole = |script: Script| {
        let mut text = String::new();
        for (block, _) in blocks
            .iter()
            .zip(&scripts)
            .filter(|(_, of)| **of == Some(script))
            .take(200)
        {
            text.push_str(block);
            text.push('\n');
        }
        by_words(&text, script, asked)
    };
    let latin = whole(Script::Latin).unwrap_or_else(|| fallback(Script::Latin, asked));
    let cyrillic = whole(Script::Cyrillic).unwrap_or_else(|| fallback(Script::Cyrillic, asked));
    let language = |(block, script): (&&str, &Option<Script>)| {
        let script = (*script)?;
        Some(match script {
            Script::Latin => by_words(block, script, asked).unwrap_or_else(|| latin.clone()),
            Script::Cyrillic => by_words(block, script, asked).unwrap_or_else(|| cyrillic.clone()),
            _ => fallback(script, asked),
        })
    };
    blocks.iter().zip(&scripts).map(language).collect()
}

/// Counts blocks of Han alone as Japanese where the page has Japanese: headings and datelines often have no kana. A part in
/// Chinese is told by its characters or its length.
fn take_for_japanese(blocks: &[&str], scripts: &mut [Option<Script>]) {
    let length = |at: usize| blocks[at].chars().count();
    let japanese: usize = (0..blocks.len())
        .filter(|at| scripts[*at] == Some(Script::Kana))
        .map(length)
        .sum();
    if japanese == 0 {
        return;
    }
    let mut at = 0;
    while at < blocks.len() {
        if scripts[at] != Some(Script::Han) {
            at += 1;
            continue;
        }
        let others = |script: &Option<Script>| !matches!(script, None | Some(Script::Han));
        let end = scripts[at..]
            .iter()
            .position(others)
            .map_or(blocks.len(), |end| at + end);
        let run = at..end;
        let is_chinese = run.clone().any(|block| blocks[block].contains(IN_CHINESE_ALONE))
            || run.clone().map(length).sum::<usize>() > japanese;
        for script in scripts[run]
            .iter_mut()
            .filter(|script| script.is_some() && !is_chinese)
        {
            *script = Some(Script::Kana);
        }
        at = end;
    }
}

/// Characters that few sentences in Chinese do without all of, and that are not written in Japanese.
const IN_CHINESE_ALONE: &[char] = &[
    '们', '們', '这', '這', '说', '說', '吗', '嗎', '么', '麼', '她', '你', '您', '对', '對', '发', '發',
    '关', '關', '为', '时', '从', '從', '过', '进', '开', '东', '见', '长', '门', '问', '间', '车', '书',
    '买', '卖', '让', '讓', '给', '认', '经', '应', '该', '场', '业', '务', '产', '义', '报', '电', '网',
    '华', '难', '响', '语', '與', '來', '點', '體', '實',
];

/// The language that a script stands for: the asked one that is written in it, else its most usual.
fn fallback(script: Script, asked: &[Language]) -> Language {
    let usual = script.usual_language();
    asked
        .iter()
        .find(|language| language.primary() == usual)
        .or_else(|| {
            asked
                .iter()
                .find(|language| Script::of_language(language) == script)
        })
        .cloned()
        .unwrap_or_else(|| Language::of(usual))
}

/// Judges a text by its words, where it is long enough to be judged.
fn by_words(text: &str, script: Script, asked: &[Language]) -> Option<Language> {
    let mut in_script = asked
        .iter()
        .filter(|language| Script::of_language(language) == script);
    if let (Some(only), None) = (in_script.next(), in_script.next()) {
        return Some(only.clone());
    }
    let text: String = text.chars().take(4000).collect();
    if text.chars().count() < SHORTEST_JUDGED {
        return None;
    }
    let candidates: Vec<whatlang::Lang> = DETECTED
        .iter()
        .filter(|(tag, _)| Script::of_language(&Language::of(tag)) == script)
        .filter(|(tag, _)| asked.is_empty() || asked.iter().any(|language| language.primary() == *tag))
        .map(|(_, lang)| *lang)
        .collect();
    if candidates.is_empty() {
        return None;
    }
    let info = whatlang::Detector::with_allowlist(candidates).detect(&text)?;
    let tag = DETECTED
        .iter()
        .find(|(_, lang)| *lang == info.lang())
        .map(|(tag, _)| *tag)?;
    if !info.is_reliable() {
        return None;
    }
    asked
        .iter()
        .find(|language| language.primary() == tag)
        .cloned()
        .or_else(|| Some(Language::of(tag)))
}

/// The fewest characters from which a language is judged by its words.
const SHORTEST_JUDGED: usize = 60;

/// The languages that are told apart by their words.
const DETECTED: [(&str, whatlang::Lang); 24] = [
    ("en", whatlang::Lang::Eng),
    ("fr", whatlang::Lang::Fra),
    ("de", whatlang::Lang::Deu),
    ("es", whatlang::Lang::Spa),
    ("pt", whatlang::Lang::Por),
    ("it", whatlang::Lang::Ita),
    ("nl", whatlang::Lang::Nld),
    ("pl", whatlang::Lang::Pol),
    ("cs", whatlang::Lang::Ces),
    ("sv", whatlang::Lang::Swe),
    ("da", whatlang::Lang::Dan),
    ("fi", whatlang::Lang::Fin),
    ("hu", whatlang::Lang::Hun),
    ("ro", whatlang::Lang::Ron),
    ("tr", whatlang::Lang::Tur),
    ("vi", whatlang::Lang::Vie),
    ("id", whatlang::Lang::Ind),
    ("hr", whatlang::Lang::Hrv),
    ("ru", whatlang::Lang::Rus),
    ("uk", whatlang::Lang::Ukr),
    ("be", whatlang::Lang::Bel),
    ("bg", whatlang::Lang::Bul),
    ("sr", whatlang::Lang::Srp),
    ("mk", whatlang::Lang::Mkd),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EN: &str =
        "The chief executive said that selling advanced chips carries incredible implications for everyone.";
    const ZH: &str = "Anthropic首席执行官表示,向中国出售先进人工智能芯片具有难以置信的影响,Blackwell与H200。";
    const FR: &str = "Le directeur général a déclaré que la vente de puces avancées aurait des conséquences pour tout le monde.";
    const JA: &str = "最高経営責任者は、先端半導体の販売が安全保障に大きな影響を与えると述べた。";
    const KO: &str = "최고경영자는 첨단 반도체 판매가 국가 안보에 영향을 미친다고 말했다.";
    const RU: &str = "Генеральный директор заявил, что продажа передовых чипов имеет огромные последствия для безопасности.";

    fn parts(blocks: &[&str], asked: &str) -> Result<String, SplitError> {
        let asked: Vec<Language> = asked
            .split(',')
            .filter(|tag| !tag.is_empty())
            .map(|tag| tag.parse().unwrap())
            .collect();
        let parts = split(blocks, &asked)?;
        Ok(parts
            .iter()
            .map(|(language, count)| format!("{language}:{count}"))
            .collect::<Vec<_>>()
            .join(" "))
    }

    #[test]
    fn languages_are_told_apart_by_script_and_words() {
        assert_eq!(parts(&[ZH, ZH, EN], "").unwrap(), "zh:2 en:1");
        assert_eq!(
            parts(&[EN, FR, ZH, JA, KO], "").unwrap(),
            "en:1 fr:1 zh:1 ja:1 ko:1"
        );
        assert_eq!(parts(&[RU, EN], "").unwrap(), "ru:1 en:1");
        assert_eq!(parts(&["Short one.", "12"], "").unwrap(), "en:2");
        assert_eq!(parts(&["12", "* * *"], "").unwrap(), "und:2");
    }

    #[test]
    fn an_address_and_a_few_words_in_latin_letters_are_no_part_of_their_own() {
        let long = ZH.repeat(4);
        for aside in [
            "https://example.org/source",
            "www.example.org",
            "By Jane Roe",
            "Source: Reuters",
        ] {
            assert_eq!(parts(&[&long, &long, aside], "").unwrap(), "zh:3", "{aside}");
            assert_eq!(parts(&[aside], "").unwrap(), "en:1", "{aside}");
        }
        assert_eq!(
            parts(&[&long, EN, "https://example.org"], "").unwrap(),
            "zh:1 en:2"
        );
        assert_eq!(
            parts(&[&long, "https://example.org", EN], "").unwrap(),
            "zh:2 en:1"
        );
        assert_eq!(parts(&[ZH, "A bridge opened."], "").unwrap(), "zh:1 en:1");
        assert_eq!(parts(&[&long, "By Jane Roe"], "zh,en").unwrap(), "zh:1 en:1");
    }

    #[test]
    fn japanese_without_kana_is_no_chinese_unless_it_is_a_part_of_its_own() {
        const HEADING: &str = "国土交通省発表";
        assert_eq!(parts(&[HEADING, JA, JA, HEADING], "").unwrap(), "ja:4");
        assert_eq!(parts(&[JA, HEADING, "東京都千代田区", JA], "").unwrap(), "ja:4");
        assert_eq!(parts(&[JA, HEADING, EN, EN], "").unwrap(), "ja:2 en:2");
        assert_eq!(parts(&[ZH, JA, JA, HEADING], "").unwrap(), "zh:1 ja:3");
        assert_eq!(
            parts(&["桥今天通车。这是新闻。", JA, JA, JA], "").unwrap(),
            "zh:1 ja:3"
        );
        assert_eq!(parts(&[JA, HEADING], "ja,zh").unwrap(), "ja:1 zh:1");
        assert_eq!(parts(&[HEADING], "").unwrap(), "zh:1");
    }

    #[test]
    fn a_quotation_stays_in_the_part_it_stands_in() {
        assert_eq!(
            parts(&[ZH, ZH, "“We said so.”", ZH, EN, "中文", EN, EN], "").unwrap(),
            "zh:4 en:4"
        );
        assert_eq!(parts(&[ZH, "* * *", EN, "1972", EN], "").unwrap(), "zh:2 en:3");
    }

    #[test]
    fn languages_that_take_turns_are_refused_unless_one_is_named() {
        assert!(matches!(
            parts(&[ZH, EN, ZH, EN, ZH, EN], ""),
            Err(SplitError::TakingTurns(_))
        ));
        assert_eq!(parts(&[ZH, EN, ZH, EN, ZH, EN], "mul").unwrap(), "mul:6");
        assert_eq!(
            parts(&[ZH, EN], "en,zh"),
            Err(SplitError::Order("zh".parse().unwrap()))
        );
        assert_eq!(
            parts(&[ZH, EN], "zh,en,ko"),
            Err(SplitError::Absent("ko".parse().unwrap()))
        );
        assert_eq!(parts(&[ZH, EN], "zh-Hant,en-GB").unwrap(), "zh-Hant:1 en-GB:1");
        assert_eq!(
            parts(&[ZH], "zh,zh"),
            Err(SplitError::Twice("zh".parse().unwrap()))
        );
    }

    #[test]
    fn a_title_with_latin_names_is_in_the_language_of_its_other_letters() {
        let languages: Vec<Language> = ["en", "zh"].map(|tag| tag.parse().unwrap()).to_vec();
        assert_eq!(of_title("SHA-1与SHAttered", &languages).as_str(), "zh");
        assert_eq!(of_title("SHA-1 and SHAttered", &languages).as_str(), "en");
        assert_eq!(of_title("1984", &languages).as_str(), "en");
    }

    proptest! {
        #[test]
        fn every_block_lands_in_exactly_one_part(picks in proptest::collection::vec(0..7_usize, 1..30)) {
            let blocks: Vec<&str> = picks.iter().map(|pick| [EN, ZH, FR, JA, KO, RU, "7"][*pick]).collect();
            if let Ok(parts) = split(&blocks, &[]) {
                prop_assert_eq!(parts.iter().map(|(_, count)| count).sum::<usize>(), blocks.len());
            }
        }
    }
}
