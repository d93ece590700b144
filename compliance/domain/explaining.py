"""Each code as a sentence, in Chinese and in English: bilingual data, no catalogue.

Placeholders are the reason's own values. `{clears}` becomes the local time from which the reason
no longer holds, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from compliance.domain.codes import family
from compliance.domain.terms import zone


class Sentence(NamedTuple):
    zh: str
    en: str


SENTENCES: dict[str, Sentence] = {
    "KILL_SWITCH": Sentence(
        "外呼总开关已关闭（{observed}）", "Calling is switched off ({observed})"
    ),
    "CLOCK_SKEW": Sentence(
        "应用与数据库时钟相差{observed}秒，超过{limit}秒",
        "The application's clock is {observed} s off the database's; {limit} s are allowed",
    ),
    "DECEASED": Sentence("客户已故", "The customer has died"),
    "UNDERAGE": Sentence("客户未满{limit}周岁{clears}", "The customer is under {limit}{clears}"),
    "OPT_OUT": Sentence(
        "客户已拒绝营销来电{clears}", "The customer asked not to be called{clears}"
    ),
    "COMPLAINT": Sentence("客户曾投诉{clears}", "The customer complained{clears}"),
    "WRONG_NUMBER": Sentence(
        "该号码不属于该客户{clears}", "The number is not this customer's{clears}"
    ),
    "DNC_": Sentence(
        "号码在禁呼名单中（{observed}）{clears}", "On a no-call list ({observed}){clears}"
    ),
    "REGISTER_STALE": Sentence(
        "禁呼名单{register}已{observed}天未更新，上限{limit}天",
        "The no-call list {register} is {observed} days old; {limit} are allowed",
    ),
    "CONSENT_NONE": Sentence("没有该客户的电话营销同意", "There is no consent to marketing calls"),
    "CONSENT_WITHDRAWN": Sentence(
        "客户已于{observed}撤回同意", "The customer withdrew consent on {observed}"
    ),
    "CONSENT_EXPIRED": Sentence("同意已于{observed}过期", "The consent expired on {observed}"),
    "SUIT_R_GT_C": Sentence(
        "产品风险R{observed}高于客户承受能力C{limit}",
        "The product's risk R{observed} is above the customer's tolerance C{limit}",
    ),
    "CONSENT_REASSIGNED": Sentence(
        "号码自{observed}起由他人使用，此前的同意不再有效",
        "The number has another owner since {observed}; older consents do not count",
    ),
    "CONSENT_BASIS": Sentence(
        "现有同意的形式不足（需{limit}）", "The consent is not of the kind needed ({limit})"
    ),
    "PROFILING_OBJECTED": Sentence(
        "客户不同意自动化决策营销", "The customer objects to being chosen by automated decision"
    ),
    "SUIT_AMOUNT": Sentence(
        "产品起点金额占客户资产{observed}%，上限{limit}%",
        "The least amount is {observed}% of the customer's assets; the limit is {limit}%",
    ),
    "SUIT_PRIVATE": Sentence(
        "私募产品不得公开推介", "A private product may not be offered in public"
    ),
    "NOT_ELIGIBLE": Sentence(
        "不符合准入条件：{observed_zh}{clears}", "Not eligible: {observed}{clears}"
    ),
    "SUIT_EXPIRED": Sentence(
        "风险测评已过期（{observed}）", "The risk assessment has expired ({observed})"
    ),
    "SUIT_CHANNEL_R4": Sentence(
        "R{observed}产品不得电话推介，电话渠道上限R{limit}",
        "R{observed} products may not be offered by phone; the limit is R{limit}",
    ),
    "SUIT_CHANNEL": Sentence("该产品不得电话推介", "This product may not be offered by phone"),
    "PRODUCT_AGE": Sentence(
        "客户年龄{observed}岁，不在产品年龄范围{limit}内{clears}",
        "The customer is {observed}; the product is for ages {limit}{clears}",
    ),
    "VULNERABLE": Sentence(
        "需特别关注的客户，只能人工联系", "A vulnerable customer: only a person may call"
    ),
    "SPARED": Sentence(
        "客户情况特殊（{observed}），不进行营销外呼",
        "Spared from calls because of what happened to the customer ({observed})",
    ),
    "CAPACITY": Sentence(
        "客户民事行为能力受限（{observed}），可推介产品上限R{limit}",
        "The customer's legal capacity is {observed}; the limit is R{limit}",
    ),
    "ELDER_ROBOT": Sentence(
        "{limit}周岁以上客户只能人工联系", "From age {limit} only a person may call"
    ),
    "ELDER_RISK": Sentence(
        "{age}周岁以上客户电话推介上限R{limit}，该产品R{observed}，请邀约到网点",
        "From age {age} at most R{limit} by phone, this is R{observed}: invite to the branch",
    ),
    "ELDER_WHITELIST": Sentence(
        "{limit}周岁以上客户须在白名单内", "From age {limit} only customers on the white list"
    ),
    "ELDER_REVIEW": Sentence(
        "{limit}周岁以上客户的风险产品须经双人复核",
        "From age {limit} a second person must review risk-rated products",
    ),
    "NUMBER_INVALID": Sentence("号码无效（{observed}）", "The number is not valid ({observed})"),
    "NUMBER_REASSIGNED": Sentence(
        "号码已换机主（{observed}查询）", "The number has another owner (asked on {observed})"
    ),
    "NUMBER_OWNER_UNKNOWN": Sentence(
        "号码机主是否变更未知，须人工确认", "Whether the number changed hands is unknown"
    ),
    "PRODUCT_OFF_SALE": Sentence("产品未在售", "The product is not on sale"),
    "CARE_SELLS": Sentence(
        "关怀来电不得涉及产品销售（{observed}）", "A care call may not offer a product ({observed})"
    ),
    "AGENT_LICENCE": Sentence(
        "坐席没有资格：{limit}", "The agent is not licensed for this: {limit}"
    ),
    "OPERATOR_OUTSOURCED": Sentence(
        "呼叫中心经营者不得外呼营销", "A licensed call centre may not make marketing calls"
    ),
    "CARRIER_REGION": Sentence(
        "该线路（{limit}）不得呼叫{observed}号码", "This route ({limit}) may not call {observed}"
    ),
    "CLI_INACTIVE": Sentence("主叫号码已停用", "The caller ID is not active"),
    "CLI_NOT_REGISTERED": Sentence(
        "主叫号码未登记营销用途", "The caller ID is not registered for marketing"
    ),
    "SCRIPT_NOT_APPROVED": Sentence("话术未审批", "The script is not approved"),
    "CAMPAIGN_NOT_RUNNING": Sentence("活动未在运行", "The campaign is not running"),
    "APPROVAL_NONE": Sentence("名单没有有效审批", "No approval is in force for the list"),
    "SANDBOX_CARRIER": Sentence(
        "示例客户不得拨往真实线路", "A sample customer may not be dialled on a real network"
    ),
    "TEST_NUMBER_UNVERIFIED": Sentence("测试号码未经验证", "The test number has not been verified"),
    "ABANDON_RATE": Sentence(
        "活动放弃率{observed}%，上限{limit}%",
        "The campaign abandoned {observed}% of its calls; the limit is {limit}%",
    ),
    "ABANDON_72H": Sentence(
        "{limit}小时内曾放弃该客户来电，只能由人工拨打{clears}",
        "A call was abandoned within {limit} hours; only a person may call{clears}",
    ),
    "MACHINE_AGAIN": Sentence(
        "{limit}小时内曾判定为答录机，机器人不再拨打{clears}",
        "Taken for a machine within {limit} hours; the robot may not call{clears}",
    ),
    "RING_SHORT": Sentence(
        "活动振铃时长{observed}秒，不足{limit}秒",
        "The campaign lets it ring for {observed} seconds; at least {limit} are needed",
    ),
    "COMPLAINT_RATE": Sentence(
        "活动{conversations}次通话中有{observed}起投诉，上限每{per}次{limit}起",
        "{observed} complaints in {conversations} conversations; the limit is {limit} in {per}",
    ),
    "CAP_": Sentence(
        "{span_zh}{key_zh}已有{observed}次{counts_zh}，上限{limit}次{clears}",
        "{observed} {counts_en} of this {key_en} {span_en}; the limit is {limit}{clears}",
    ),
    "MIN_GAP": Sentence(
        "距上次拨打{key_zh}不足{limit}分钟{clears}",
        "Less than {limit} minutes since the last call to this {key_en}{clears}",
    ),
    "COOLOFF_": Sentence(
        "客户于{observed}{name_zh}，静默期{limit}{clears}",
        "{name_en} on {observed}; the quiet time is {limit_en}{clears}",
    ),
    "PREFERENCE_ROBOT": Sentence("客户不接受机器人来电", "The customer does not want robot calls"),
    "PREFERENCE_FAMILY": Sentence(
        "客户不接受此类产品来电", "The customer does not want calls about this family of products"
    ),
    "PREFERENCE_HOURS": Sentence(
        "不在客户希望的时间{clears}", "Outside the hours the customer asked for{clears}"
    ),
    "PREFERENCE_CAP": Sentence(
        "客户希望每{span_zh}最多{limit}次，已有{observed}次{clears}",
        "The customer wants at most {limit} calls a {span_en}, {observed} were made{clears}",
    ),
    "BLACKOUT": Sentence("暂停外呼：{observed}{clears}", "Blackout: {observed}{clears}"),
    "HOLIDAY": Sentence("法定节假日不外呼{clears}", "No calls on statutory holidays{clears}"),
    "CAL_MISSING": Sentence(
        "{observed}年节假日安排未载入", "The calendar of {observed} is not loaded"
    ),
    "WINDOW": Sentence(
        "不在可外呼时段（{limit}）{clears}", "Outside calling hours ({limit}){clears}"
    ),
    "TAIL_GUARD": Sentence(
        "时段结束前{limit}秒内不再拨出{clears}",
        "No new call in the last {limit} seconds of the window{clears}",
    ),
    "INFLIGHT": Sentence("已有进行中的通话{clears}", "A call is already under way{clears}"),
    "ALREADY_RESERVED": Sentence(
        "该外呼任务已取得许可，不再重复", "This dial has been reserved before"
    ),
    "DEP_UNKNOWN_RULE": Sentence("未知规则类型{observed}", "Unknown rule kind {observed}"),
    "DEP_PACK": Sentence("没有生效的规则包", "No rule pack is in force"),
    "DEP_PACK_GAP": Sentence(
        "规则包缺少必需的规则：{observed}", "The rule packs lack what they must have: {observed}"
    ),
    "DEP_CAMPAIGN_LIMITS": Sentence("活动限制无法解读", "The campaign's limits cannot be read"),
    "DEP_DATABASE": Sentence("数据库没有应答（{observed}）", "The database failed ({observed})"),
    "DEP_LOCK": Sentence("等待锁超时", "Waiting for a lock took too long"),
    "DEP_INTENT": Sentence("外呼意图无法读取（{observed}）", "The intent failed ({observed})"),
    "DEP_INTERNAL": Sentence("内部错误（{observed}）", "Internal error ({observed})"),
    "DEP_LEDGER": Sentence("台账写入失败（{observed}）", "The ledger failed ({observed})"),
    "DEP_KEYS_CHANGED": Sentence(
        "外呼对象在判定时发生变化", "Who is to be called changed during the decision"
    ),
    "DEP_CUSTOMER": Sentence("找不到客户", "The customer is not known"),
    "DEP_NUMBER": Sentence("找不到号码", "The number is not known"),
    "DEP_LINK": Sentence("号码与客户的关系未知", "The number is not linked to the customer"),
    "DEP_AGE": Sentence("客户年龄未知", "The customer's age is not known"),
    "DEP_CAPACITY": Sentence(
        "客户民事行为能力的记载无法辨认",
        "What is noted of the customer's legal capacity is unclear",
    ),
    "DEP_PRODUCT": Sentence("找不到产品", "The product is not known"),
    "DEP_RISK_RATED": Sentence(
        "未说明产品是否适用风险评级", "Nobody said whether the product is risk-rated"
    ),
    "DEP_RISK_RATING": Sentence("产品风险等级未知", "The product's risk rating is not known"),
    "DEP_RISK_TOLERANCE": Sentence(
        "客户风险承受能力未知", "The customer's risk tolerance is not known"
    ),
    "DEP_AMOUNT": Sentence(
        "客户资产未知，无法比较产品起点金额",
        "The customer's assets are not known, so the least amount cannot be compared",
    ),
    "DEP_ELIGIBILITY": Sentence(
        "准入条件所需信息未知：{observed}", "Not known, but asked for: {observed}"
    ),
    "DEP_LICENCE": Sentence(
        "未知由哪位坐席通话（需{limit}）", "Nobody knows yet who will speak ({limit} is needed)"
    ),
    "DEP_CALLER_ID": Sentence("没有主叫号码", "No caller ID is given"),
    "DEP_TIME_ZONE": Sentence("时区未知（{observed}）", "Unknown time zone ({observed})"),
}


#: Their end is when the count falls; the others say only until when they themselves hold.
_COUNTING = frozenset({"CAP_", "MIN_GAP", "COOLOFF_", "ABANDON_72H", "MACHINE_AGAIN"})


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return ""


def explain(
    code: str, values: Mapping[str, object], clears_at: datetime | None, zone_name: str
) -> Sentence:
    """The sentence of a code with its values, e.g. "近7天该客户已有3次拨打，上限3次，…"."""
    template = SENTENCES[family(code)]
    zh_clears = en_clears = ""
    if clears_at is not None:
        when = f"{clears_at.astimezone(zone(zone_name)):%Y-%m-%d %H:%M}"
        if family(code) in _COUNTING:
            zh_clears, en_clears = f"，{when}后可再拨", f"; may be called again from {when}"
        else:
            zh_clears, en_clears = f"，至{when}", f", until {when}"
    return Sentence(
        template.zh.format_map(_Lenient(values, clears=zh_clears)),
        template.en.format_map(_Lenient(values, clears=en_clears)),
    )
