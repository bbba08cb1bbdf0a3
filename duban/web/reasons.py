"""Why something was refused, in Chinese: the reasons that errors carry as English fields, told to whoever reads a page.

A reason that is Chinese already stays as it is. One that nobody has put into words here is left out rather than shown
in another language; a test walks every reason that the code gives.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_CHINESE = re.compile(r"[\u4e00-\u9fff]")

#: What an English reason begins with → what an official reads, why and what to do.
REASONS_ZH: Sequence[tuple[str, str]] = (
    # files
    (r"\S+ exists already$", "这个位置已有文件。请换一个名称。"),
    (r"it is empty|there is no text in it|its text is empty", "文件是空的，里面没有文字。请换一份有内容的文件。"),
    (r"it is larger than (?P<most>\d+) MB", "文件超过{most} MB。请压缩或拆分后再上传。"),
    (r"it has \S+ MB, and a plan has at most (?P<most>\S+) MB", "文件超过{most} MB。请去掉附件、图片后再上传。"),
    (r"it has (?P<pages>\S+) pages", "文件有{pages}页，比任何方案都长。请只上传方案本身。"),
    (r"it is marked as .* but is not", "文字编码与标注不符。请另存为UTF-8文本或Word后上传。"),
    (r"(?P<n>\S+) plans are in it: (?P<names>.+)", "文件里有{n}份方案（{names}）。请拆开，上传要登记的那份。"),
    (r"it has no headers of a mail", "这不是一封邮件。"),
    (r".* with bytes of no known type|its bytes are ", "文件内容与后缀不符，或类型不在允许之列。"),
    (r"the sheet .* is missing|the sheet .* does not|the headings of the sheet", "请填写系统导出的台账表，勿改表头。"),
    (r"the sheet .* has more than (?P<most>\S+) rows", "表格超过{most}行。请删去多余的空行。"),
    (r"(?P<who>.*) has no usable address", "{who}没有可用的邮箱，请在名录里补上。"),
    (r"it was handed in before as (?P<name>.+)", "同一份文件已经上传过（{name}），不必重复上传。"),
    (r"it is evidence of an earlier round", "这份材料是反弹以前上一轮的，请上传本轮的新材料。"),
    (r"it is protected by a password|it is encrypted", "文件设有密码。请取消密码后重新上传。"),
    (
        r"it is a document in the format of Word or Excel before 2007",
        "这是旧版格式（.doc、.xls、.wps）。请另存为.docx或.xlsx后上传。",
    ),
    (
        r"it is an RTF document|it is a document of Word or Excel as one XML file",
        "这种格式（RTF、XML）读不了。请用Word或WPS打开，另存为.docx或.xlsx后上传。",
    ),
    (r"it is an OFD document", "这是OFD文件。请用OFD阅读器另存为文字版PDF，或上传它的Word原稿。"),
    (
        r"it is an OpenDocument file|it is a binary workbook|it is a document of Pages or Numbers",
        "这种格式读不了。请打开后另存为.docx或.xlsx，再上传。",
    ),
    (r"it is a presentation", "这是演示文稿（PPT）。请把文字另存为Word后上传。"),
    (
        r"it is a zip archive with (?P<n>\d+) files in it|it is an? (?:7z|rar|gzip|bzip2|xz) archive",
        "这是压缩包。请先解压，再上传里面的文件本身（.docx、.xlsx或文字版PDF）。",
    ),
    (r"it is a picture", "这是图片，没有文字。请上传Word、Excel或文字版PDF，或先作文字识别（OCR）。"),
    (r"it is a web archive or a mail without", "这份网页存档里没有正文。请打开后另存为Word或网页再上传。"),
    (r"its cells are formulas", "表格里是公式，文件里没有算好的结果。请用Excel或WPS打开，保存一次后再上传。"),
    (r"it is a scanned PDF", "这是扫描件，只有图片、没有文字。请上传文字版PDF或Word，或先作文字识别（OCR）。"),
    (
        r"the PDF is damaged|the archive is damaged|the workbook is damaged|its XML is damaged",
        "文件已损坏或不完整。请重新下载，或打开后另存一份再上传。",
    ),
    (r"its XML defines entities", "文件里有办公软件不会写出的内容。请用Word或WPS打开后另存一份再上传。"),
    (r"it unpacks to more than any plan holds", "文件解压后过大。请去掉附件、图片后另存一份再上传。"),
    (r"it is a binary file", "这不是文档。请上传文本、网页、Word、Excel或文字版PDF。"),
    (r"its characters are in no encoding", "文字编码无法识别。请另存为UTF-8文本或Word后上传。"),
    (
        r"it is text, but no plan|"
        r"it has no items|"
        r"it names no problems|"
        r"it has no tasks|"
        r"it has no numbered clauses|"
        r"it promises no numbers",
        "文件里没有找到带编号的事项、单位、时限或措施，不像是方案。请核对是否选错了文件；类型识别有误的，可在“文件类型”里指定。",
    ),
    (r"it holds (?:two|several|more than one)", "文件里有不止一份方案。请拆开后分别上传。"),
    (r"it is (?:a|an) |it is .*, not a document", "这种文件读不出方案。请上传文本、网页、Word、Excel或文字版PDF。"),
    (r".* (?:is no text|is no Excel workbook)", "请把文件另存为.xlsx或.csv后上传。"),
    (r".* is empty", "文件是空的。请重新选择文件。"),
    (r"it is no \.xlsx workbook|none of its sheets is there", "请填写由系统导出的台账表，不要改动工作表和前几列。"),
    # limits, clocks, extensions
    (
        r"(?P<new>\d{4}-\d\d-\d\d) is not later than the present limit (?P<old>\S+)",
        "新的时限{new}不晚于现在的时限{old}。请填更晚的日期。",
    ),
    (r"its clock has ended since it was asked for", "申请以后，这个时限已经办结或终止，不必再延期。"),
    (r"only a limit that is running can be extended", "只有正在计时的时限可以延期。"),
    (r"a limit of .* has no end", "时限至少为一天。"),
    (r"its time begins on (?P<on>\S+), not", "该时限从{on}起算，不能提前。"),
    (r".* is before the pause of (?P<on>\S+)", "恢复的日期早于暂停的日期{on}。"),
    (r"\d{4}-\d\d-\d\d is before (?P<on>\S+)", "日期不能早于{on}。"),
    (r"no reason is given", "没有写明理由。请写明后再办。"),
    (r"it is (?:running|armed)", "该时限正在计时，不必恢复。"),
    (r"it is paused", "该时限已经暂停。"),
    (r"it is (?:completed|cancelled|superseded|[^a ]\S*)$", "该时限已经终止，或不在可以这样办的状态。"),
    (r"the limit is .*|it counts .*|it names .*", "这个时限不能这样起算，请核对时限原文。"),
    # targets
    (r"a value of (?P<on>\S+) is known already", "已填报过{on}的数值。请填该日以后的。"),
    (r".* is no value", "填报的不是有效数值。"),
    (r".* is no evidence of this item's present round", "所选佐证材料不属于本事项本轮整改。"),
    # links, sign-in
    (r"it reports on an item, and there is no notice to acknowledge", "这个链接用于报告进展，没有要签收的文书。"),
    (r"its notice is about no item", "这份文书不涉及具体事项。"),
    (r"its notice is not one to decide on", "这份文书不是呈批件，不需批示。"),
    (
        r"its holder is not in the directory|its holder is no longer in office",
        "链接的收件人已不在名录里。请登录办理，或与督查室联系。",
    ),
    (
        r"its notice is not addressed to its holder|its item does not concern its holder",
        "这个链接与收件人不符。请登录办理，或与督查室联系。",
    ),
    # what the command line keeps and brings back
    (r"there is no ledger at .*", "这个位置没有台账。请核对台账的地址。"),
    (r".* is no backup of a ledger", "这个文件不是台账的备份。"),
    (r".* other connections are open on the database|somebody works on .*", "台账正在使用。请先停止督办系统。"),
    (r"\S+ rows arrived of \S+", "写入的行数与备份不符，已恢复原状。"),
    (r"line \S+: .*", "旁证文件有一行读不出来，请换一份完好的。"),
    (r"the table is damaged", "表格已经损坏。请用原来的软件打开，另存后再上传。"),
    (r"it was not begun in this browser", "登录没有从本浏览器开始，或已超时。请重新登录。"),
)  # fmt: skip


def reason_zh(reason: str) -> str:
    """A reason in Chinese; "" where there is none."""
    for pattern, words in REASONS_ZH:
        found = re.match(pattern, reason)
        if found:
            return words.format(**found.groupdict())
    return reason if _CHINESE.search(reason) else ""
