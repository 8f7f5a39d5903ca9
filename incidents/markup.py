"""Markdown as HTML, built tag by tag with escaping: raw HTML stays text, and images are never loaded."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_TAGS = {
    "paragraph": "p", "bullet_list": "ul", "ordered_list": "ol", "list_item": "li", "blockquote": "blockquote",
    "strong": "strong", "em": "em", "thead": "thead", "tbody": "tbody", "tr": "tr", "th": "th",
    "td": "td",
}  # fmt: skip
_SCHEMES = ("https://", "http://", "mailto:")
MOST_DEPTH = 40


def render_markdown(text: str) -> SafeString:
    """The text as HTML of a few harmless tags. Headings begin at the third level, below those of the page."""
    return _children(SyntaxTreeNode(_PARSER.parse(text)), 0)


def _children(node: SyntaxTreeNode, depth: int) -> SafeString:
    if depth > MOST_DEPTH:
        return format_html("{}", "…")
    return format_html_join("", "{}", ((_node(child, depth + 1),) for child in node.children))


def _node(node: SyntaxTreeNode, depth: int) -> SafeString:
    match node.type:
        case "text":
            return format_html("{}", node.content)
        case "inline":
            return _children(node, depth)
        case "paragraph" if node.hidden:  # in a list without blank lines between its items
            return _children(node, depth)
        case "heading":
            level = min(int(node.tag[1:]) + 2, 6)
            return format_html("<h{}>{}</h{}>", level, _children(node, depth), level)
        case "fence" | "code_block":
            return format_html('<pre tabindex="0"><code>{}</code></pre>', node.content)
        case "code_inline":
            return format_html("<code>{}</code>", node.content)
        case "softbreak":
            return format_html("{}", "\n")
        case "hardbreak":
            return format_html("<{}>", "br")
        case "hr":
            return format_html("<{}>", "hr")
        case "table":  # scrolls by itself, so the keyboard must reach it
            return format_html('<div class="scroll" tabindex="0"><table>{}</table></div>', _children(node, depth))
        case "link":
            return _link(node, depth)
        case "image":
            return format_html("[{}]", node.content)
    tag = _TAGS.get(node.type)
    if tag is None:
        return format_html("{}", node.content or "")
    return format_html("<{}>{}</{}>", tag, _children(node, depth), tag)


def _link(node: SyntaxTreeNode, depth: int) -> SafeString:
    target = str(node.attrs.get("href", ""))
    if not target.startswith(_SCHEMES):
        return _children(node, depth)
    return format_html('<a href="{}" rel="noreferrer noopener nofollow">{}</a>', target, _children(node, depth))


def render_plain(text: str) -> str:
    """The text without its marks, for where Markdown is not understood: headings in capitals, tables by tabs."""
    return "\n\n".join(part for part in _plain_blocks(SyntaxTreeNode(_PARSER.parse(text)), "") if part) + "\n"


def _plain_blocks(node: SyntaxTreeNode, indent: str) -> list[str]:
    return [_plain_block(child, indent) for child in node.children] if len(indent) < MOST_DEPTH else ["…"]


def _plain_block(node: SyntaxTreeNode, indent: str) -> str:
    match node.type:
        case "heading":
            return _plain_inline(node).upper() if node.tag != "h1" else _plain_inline(node)
        case "fence" | "code_block":
            return "\n".join(f"    {row}" for row in node.content.rstrip("\n").split("\n"))
        case "bullet_list" | "ordered_list":
            items = ["\n".join(_plain_blocks(item, f"{indent}  ")) for item in node.children]
            marks = ["-" if node.type == "bullet_list" else f"{number}." for number in range(1, len(items) + 1)]
            return "\n".join(
                f"{mark} {item.replace(chr(10), chr(10) + '  ')}" for mark, item in zip(marks, items, strict=True)
            )
        case "table":
            rows = [row for part in node.children for row in part.children]
            return "\n".join("\t".join(_plain_inline(cell) for cell in row.children) for row in rows)
        case "blockquote":
            return "\n".join(f"> {row}" for row in "\n\n".join(_plain_blocks(node, f"{indent}  ")).split("\n"))
        case "hr":
            return "----"
    return _plain_inline(node)


def _plain_inline(node: SyntaxTreeNode) -> str:
    if node.type in ("softbreak", "hardbreak"):
        return "\n"
    if node.type == "link":
        inside, target = "".join(map(_plain_inline, node.children)), str(node.attrs.get("href", ""))
        return inside if inside in (target, "") else f"{inside} <{target}>"
    if node.children:
        return "".join(map(_plain_inline, node.children))
    return (node.content or "").replace("\u200b", "") if node.type != "root" else ""
