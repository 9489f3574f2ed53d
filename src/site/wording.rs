//! What a site says in its own words, in the language of the page that it stands on.

use serde::Serialize;

use super::lists::own_name;
use crate::article::Kind;
use crate::diff::html::Tongue;
use crate::difference::FieldChange;
use crate::notice;

/// The words of one language; templates have them as `words`.
#[derive(Debug, Serialize)]
pub struct Wording {
    /// The language of the words.
    pub language: &'static str,
    /// The name of what a page says about its article.
    pub about: &'static str,
    /// Where the text should be.
    pub is_withheld: &'static str,
    /// Before the footer of the commit that says so.
    pub withheld_by: &'static str,
    /// Where a revision changed nothing in the text.
    pub is_same_text: &'static str,
    /// All languages, in the switch between them.
    pub all: &'static str,
    /// The name of that switch.
    pub languages: &'static str,
    /// Where there is no article.
    pub nothing: &'static str,
    /// Where the home page does not list all articles.
    pub newest_only: &'static str,
    /// Before the links to months.
    pub by_month: &'static str,
    /// Before the links to tags.
    pub by_tag: &'static str,
    /// Before the links to feeds.
    pub feeds: &'static str,
    /// The name of the check below a footer.
    pub verify: &'static str,
    /// What that does.
    pub verify_what: &'static str,
    /// Its place for files, and for text.
    pub verify_files: &'static str,
    /// The same for text.
    pub verify_text: &'static str,
    /// Where scripts are off.
    pub verify_unscripted: &'static str,
    /// The search page.
    pub search: &'static str,
    /// What its field is for.
    pub search_for: &'static str,
    /// While it searches.
    pub searching: &'static str,
    /// Where nothing was found.
    pub not_found: &'static str,
    /// Where a query has nothing that can be looked for.
    pub not_searched: &'static str,
    /// For further hits.
    pub more_hits: &'static str,
    /// Where the index is another one by now.
    pub is_rebuilt: &'static str,
    /// Where a file of the index cannot be read.
    pub is_broken: &'static str,
    /// Where the site is opened from a disk.
    pub needs_server: &'static str,
    /// Where scripts are off.
    pub needs_script: &'static str,
    /// What became of a value of the metadata: there is another, it is new, or it is gone.
    became: [&'static str; 3],
    /// What the metadata are called, by the names that `article.json` has for them.
    fields: [(&'static str, &'static str); 5],
    /// What stands above a revision and below it.
    #[serde(flatten)]
    pub notice: &'static notice::Words,
}

const ENGLISH: Wording = Wording {
    language: "en",
    about: "About this article",
    is_withheld: "The text of this revision is withheld. What the footer names is still what it was.",
    withheld_by: "Withheld by the commit of",
    is_same_text: "The text is the same.",
    all: "All",
    languages: "Language",
    nothing: "Nothing has been published yet.",
    newest_only: "These are the newest articles; all of them are listed by month.",
    by_month: "By month",
    by_tag: "By tag",
    feeds: "Follow:",
    verify: "Verify",
    verify_what: "A page of this archive carries its proof: the git objects that lead from its footer to its text. Add a page that \
        you saved. Nothing leaves your device, and this page, saved as well, works without a network.",
    verify_files: "A saved page, or a text and its .proof: drop them here, or choose them",
    verify_text: "Or the text of a page, its footer as the last line",
    verify_unscripted: "This needs JavaScript. Without it the program checks a page:",
    search: "Search",
    search_for: "Words, or a “phrase”",
    searching: "Searching…",
    not_found: "No article has that.",
    not_searched: "Type a word that an article is to have.",
    more_hits: "More",
    is_rebuilt: "The site has changed meanwhile; load this page again.",
    is_broken: "The index cannot be read now; try again later.",
    needs_server: "Search reads files beside this page, which browsers allow only on a web server: open the site by its address, or with “avalaches serve”.",
    needs_script: "Search needs JavaScript; all articles are listed by month and by tag.",
    became: [", changed:", ", added:", ", removed:"],
    fields: [
        ("title", "Title"),
        ("authors", "Authors"),
        ("languages", "Languages"),
        ("tags", "Tags"),
        ("source_url", "Source"),
    ],
    notice: &notice::ENGLISH,
};

const CHINESE: Wording = Wording {
    language: "zh",
    about: "关于本文",
    is_withheld: "此版本的文字不予公开。页脚所指的内容没有改变。",
    withheld_by: "移除文字的提交：",
    is_same_text: "文字没有改变。",
    all: "全部",
    languages: "语言",
    nothing: "尚未发表文章。",
    newest_only: "以上是最新的文章；全部文章按月列出。",
    by_month: "按月",
    by_tag: "按标签",
    feeds: "订阅：",
    verify: "验证",
    verify_what: "本档案的页面带有自己的证明：由页脚通到文字的 git 对象。请加上您存下的页面。一切都留在您的设备上；本页存下之后，\
        没有网络也能使用。",
    verify_files: "存下的页面，或文字及其 .proof 文件：拖放到此处，或者选取",
    verify_text: "或页面的文字，以页脚为最后一行",
    verify_unscripted: "此功能需要 JavaScript；没有的话，可用程序核对：",
    search: "搜索",
    search_for: "词语，或“短语”",
    searching: "正在搜索……",
    not_found: "没有找到符合条件的文章。",
    not_searched: "请输入要搜索的词语。",
    more_hits: "更多",
    is_rebuilt: "网站已更新，请重新载入本页。",
    is_broken: "暂时无法读取索引，请稍后再试。",
    needs_server: "搜索要读取本页旁边的文件，浏览器只在网页服务器上允许：请通过网址打开本站，或运行“avalaches serve”。",
    needs_script: "搜索需要 JavaScript；全部文章按月和按标签列出。",
    became: ["，有改动：", "，新增：", "，已删："],
    fields: [
        ("title", "标题"),
        ("authors", "作者"),
        ("languages", "语言"),
        ("tags", "标签"),
        ("source_url", "出处"),
    ],
    notice: &notice::CHINESE,
};

impl Wording {
    /// Returns the words for pages in a language: Chinese for Chinese, and English for any other.
    #[must_use]
    pub fn of(tag: &str) -> &'static Self {
        if tag == "zh" || tag.starts_with("zh-") {
            &CHINESE
        } else {
            &ENGLISH
        }
    }

    /// Returns the words in which a difference is described.
    #[must_use]
    pub fn tongue(&self) -> Tongue {
        if self.language == CHINESE.language {
            Tongue::Chinese
        } else {
            Tongue::English
        }
    }

    /// Returns what a revision is called.
    #[must_use]
    pub fn revision(&self, number: u32) -> String {
        self.notice.revision(number)
    }

    /// Says of a value of the metadata what it is and what became of it. A title's language is named in itself.
    #[must_use]
    pub fn field(&self, change: &FieldChange) -> String {
        let (name, language) = match change
            .field
            .strip_suffix(')')
            .and_then(|field| field.split_once(" ("))
        {
            Some((name, tag)) => (
                name,
                match self.tongue() {
                    Tongue::English => format!(" ({})", own_name(tag)),
                    Tongue::Chinese => format!("（{}）", own_name(tag)),
                },
            ),
            None => (change.field.as_str(), String::new()),
        };
        let known = self.fields.iter().find(|(field, _)| *field == name);
        let word = known.map_or(name, |(_, word)| word);
        let [changed, added, removed] = self.became;
        let became = match (&change.before, &change.after) {
            (None, _) => added,
            (_, None) => removed,
            _ => changed,
        };
        format!("{word}{language}{became}")
    }

    /// Returns the word for a kind of revision.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> &'static str {
        self.notice.kind(kind)
    }
}
