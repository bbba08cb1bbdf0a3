"""Family names: what tells a person's name of two to four characters from a unit's short name."""

from __future__ import annotations

SINGLE = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马"
    "苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪"
    "祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田"
    "樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊於惠甄曲家封"
    "芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘钭厉戎祖武符刘景詹束龙叶幸司韶"
    "郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍郤璩桑桂濮牛寿通边"
    "扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚"
    "越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公肖涂代付仝佟覃佘岳"
    "帅缑亢况郈琴归海晋楚闫法汝鄢牟苟展位占但来敬楼朴芦冼阳"
)
#: Short names of units that begin as a family name does.
_UNIT_STEMS = (
    "公安", "公交", "公积", "公共", "应急", "房管", "房产", "房屋", "安监", "安全", "安置", "水务",
    "水利", "水厂", "文旅", "文广", "文体", "文化", "文明", "文联", "经信", "经发", "经济", "经开",
    "海事", "海关", "海洋", "国资", "国土", "国税", "国网", "农业", "农林", "农水", "司法", "党建",
    "党工", "党政", "党群", "党史", "全区", "全市", "全体", "全县", "全部", "时限", "相关", "江河",
    "广电", "广播", "高新", "双拥", "金融", "石化", "宗教", "管委", "管网", "计生", "戎装", "车管",
    "查处", "关工", "养护", "能源", "蓝天", "和谐", "平安", "祖国",
)  # fmt: skip
COMPOUND = frozenset(
    {
        "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "令狐", "慕容", "司徒", "司空",
        "夏侯", "端木", "申屠", "南宫", "独孤", "长孙", "宇文", "轩辕", "呼延", "完颜", "赫连", "澹台",
        "拓跋", "百里", "东郭", "闻人", "钟离", "太叔", "淳于", "单于", "闾丘", "左丘", "第五", "西门",
        "梁丘", "公冶", "濮阳", "仲孙", "鲜于", "万俟",
    }
)  # fmt: skip


def looks_like_a_name(text: str) -> bool:
    """Whether a text of two to four characters (or one with a middle dot, 买买提·艾力) can be a person's name."""
    if "·" in text:
        return 3 <= len(text) <= 16 and all("\u4e00" <= ch <= "\u9fff" or ch == "·" for ch in text)
    if not 2 <= len(text) <= 4 or not all("\u3400" <= ch <= "\u9fff" for ch in text):
        return False
    if text.startswith(_UNIT_STEMS):
        return False
    if text[:2] in COMPOUND:
        return len(text) >= 3
    return text[0] in SINGLE and (len(text) <= 3 or text[1] in SINGLE)
