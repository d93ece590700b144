"""Layer 0: the sentences that end a call whatever was asked.

Each rule is a pattern and, where everyday phrases look alike, a guard that lifts it. *Certain*
rules settle the matter; *suspected* ones end the call politely and leave the matter to a person.
They read the ways people speak, not a list of sentences: a prohibition next to a verb of calling,
a wish about one's number, a threat with an authority. What they miss is the model's and the
gate's job.
"""

# ruff: noqa: E501  (a pattern is easier to read in one piece)
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from robot.domain.intents.catalogue import STOP, Intent
from robot.domain.intents.normalise import Spoken
from robot.domain.intents.sounds import by_ear


@dataclass(frozen=True, slots=True)
class Alarm:
    intent: Intent
    rule: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Rule:
    intent: Intent
    name: str
    pattern: re.Pattern[str]
    guard: re.Pattern[str] | None
    certain: bool


def _rule(
    intent: Intent, name: str, pattern: str, guard: str = "", *, certain: bool = True
) -> Rule:
    return Rule(intent, name, re.compile(pattern), re.compile(guard) if guard else None, certain)


_NOT: Final = (
    r"(?:别|不要|勿要|弗要|无要|不准|不许|不必|不用|不需要|不得|不能再|莫|甭|勿|嫑|覅|表|冇|唔好|唔使|唔想|唔要|咪|毋|弗要|伐要|"
    r"休想|停止|禁止|拒绝|少|不想(?:让)?|不希望|不允许|不让|不愿意?|不欢迎|没必要|能不能不|可不可以不|可以不)"
)
_MORE: Final = (
    r"(?:再|又|还|老|总|总是|老是|一直|天天|每天|随便|乱|瞎|继续|反复|不停|不断|给我|跟我|同我|俾我|往我?|向我|对我|找我|为|"
    r"来|这样|这么|你们?|他们|人|家|这个|这种|这|那|些|什么|任何|个|进行|用|拿|到处|了|过来|我|用|机器人?|啦|咁|日日|成日)"
)
_CALL: Final = (
    r"(?:打(?!断|车|折|算|错|字|款|钱|印|开|听|扫|包|卡|球|牌|针|工|五折|八折|[一二两三四五六七八九]折)|拨|来电|致电|通电|联系|联络|"
    r"骚扰|推销|营销|打扰|烦|找(?!人|零|工作)|call|电话|呼叫|吵|轰炸|拉我办|推)"
)
_LATER: Final = (
    r"(?:晚点|晚些|明天|后天|下午|晚上|上午|待会|等会|等下|过会|过一会|一会儿?|回头|改天|有空|下班|\d点|[一二三四五六七八九十]点)"
    r"(?:儿|我)?(?:再|以后|后|之后|的时候|时)?(?:给我|跟我|你)?(?:再)?(?:打|联系|来电|说|聊|谈)"
)
_THREAT: Final = r"(?:投诉|举报|报警|告你|告到|律师|起诉|法院|曝光|12378|12345|12321|12315|12300|110|工信部|监管|公安)"

RULES: Final = (
    # Machines first: their announcements contain words of every other kind.
    _rule(
        Intent.CALL_SCREENER,
        "screener",
        r"(?:我是|这里是|我系|您好我|你好我|是)(?:机主|用户|主人|他|她|号主|手机|[\u4e00-\u9fff]{0,4})的?(?:智能|语音|通话|电话|来电|ai|私人|ai智能|虚拟|代接|手机)+(?:语音|通话|电话|来电|代接|接听)?(?:助理|助手|秘书|管家|机器人)"
        r"|小[爱布艺度欧微v](?:同学)?.{0,6}(?:助手|助理|代接|通话)|(?:机主|主人|用户|号主).{0,10}(?:不方便|无法|没空|暂时).{0,12}(?:我是|由我|我来|我会|请说|请讲|转达|代接|留言给我)"
        r"|(?:会|将|来|帮(?:您|你|忙)?|为您|替您|可以)(?:如实|及时|尽快)?(?:记录|转达|转告|代为转|传达)|(?:代接|代为接听|来电助手|通话助手|电话助理|语音助理|电话秘书|来电秘书|智能代接|智能应答|智能助理)"
        r"|请(?:您)?(?:先)?(?:说明|说出|告知|讲明|简单说|留下|问有什么事情?需要).{0,8}(?:来意|来电|目的|事由|姓名|需求|原因|转达|转告|贵姓|身份)"
        r"|record your name|state your (?:name|business|reason)|reason for (?:your |the )?call|call screening|screening service|google assistant|virtual assistant|see if (?:this|the|that) person|who is calling and why|say your name and",
        r"你(?:们)?(?:是|不是|就是|这是|肯定是|这|该不会是|难道是).{0,6}(?:助手|助理|机器人|秘书)|^(?:你|您)是.{0,4}(?:智能|语音)|是不是.{0,6}(?:助手|助理|机器)",
    ),
    _rule(
        Intent.VOICEMAIL,
        "voicemail",
        r"(?:拨打|呼叫|拨叫|拨|致电)的?(?:电话|用户|号码|机主|客户|手机|对方|分机|是)+.{0,14}(?:无法|不在|关机|空号|停机|通话|无人|忙|暂停|限制|欠费|不存在|转|暂时|正忙|未|不便|已|错误)"
        r"|(?:提示音|滴声|嘀声|嘟声|哔声|哔的一声|滴的一声|信号音|嘀的一声|嘟的一声)|(?:语音|留言|电话)信箱|语音留言|留言(?:请|结束|完)|请(?:您)?(?:在.{0,8})?留言|给(?:他|她|机主)留言请|(?:来电提醒|漏话提醒|来电信息|短信呼|漏接来电|小秘书业务)|(?:短信|信息)(?:的)?(?:形式|方式)?(?:通知|告知|提醒)(?:机主|用户|对方|他|该)"
        r"|(?:请)?稍后再拨|(?:电话|用户|对方|号码)(?:正在|已)(?:通话中|关机|停机)|(?:转入|转至|转到|转接到|转接至|接入)(?:了)?(?:语音|留言|信箱|漏话)|呼叫转移|来电已(?:转|记录|被)"
        r"|leave (?:me )?(?:a|your|us a) (?:message|name)|leave .{0,20}message|(?:after|at) the (?:tone|beep)|mailbox|voice ?mail|you (?:are calling|have dialed|have called|called|dialed|have reached|are trying).{0,40}(?:not|unavailable|off|busy|disconnected|out of|mail|message)|number .{0,16}not in service|record your message|subscriber .{0,16}(?:not|cannot|unavailable|busy|off)|cannot (?:take|come to|answer|get to) (?:the|your|my) (?:phone|call)|forwarded to",
        r"^(?:我|你)(?:给|帮|不要|别|等)|没留言|怎么留言|你别留言",
    ),
    _rule(
        Intent.IVR,
        "ivr",
        r"请(?:您)?按(?:\d|[零一二三四五六七八九]|井|星|#|\*|键)|(?:服务|业务|查询|咨询|中文|普通话|英文|粤语|人工|投诉|结束|重听|返回|其他|贷款|信用卡|预约|挂失|订单|门诊|销售|售后|充值|更多)(?:请)?按(?:\d|[零一二三四五六七八九]|井|星)"
        r"|按(?:\d|[零一二三四五六七八九]|井号|星号)(?:号)?键?.{0,3}(?:转|查|返回|结束|重听|继续|确认|进入|为)|(?:查号|人工|总机)(?:服务)?请(?:直接)?拨|请(?:直接)?拨(?:打)?分机|分机号码?(?:请|并|后|为|结束)|(?:输入|直拨)(?:您的)?(?:分机|会员|卡号|身份证|密码|手机号|订单|账号)|请输入"
        r"|欢迎(?:您)?(?:致电|拨打|来电|使用|光临)|感谢(?:您)?(?:的)?(?:致电|来电|拨打|耐心)|(?:耐心|稍作|请稍)(?:等待|等候)|请(?:您)?(?:不要|勿)挂(?:机|断)|(?:座席|坐席|客服|话务员|接线员|人工).{0,4}(?:全?忙|繁忙|正在服务|占线)|正在为您(?:转接|接通|排队)|(?:前面|目前|当前)(?:还)?有.{0,4}位.{0,6}(?:等待|排队)|(?:通话|来电|对话)(?:可能)?(?:将|会|可能)+(?:会)?被?录音|为(?:了)?(?:保证|提高|提升).{0,4}(?:服务|通话)质量|请对.{0,6}服务.{0,6}评价|按键(?:错误|有误|无效)|(?:返回|回到)(?:上级|主|上一级)(?:菜单|目录)|(?:本机|本台|总机)|普通话服务"
        r"|press (?:one|two|three|four|five|zero|nine|pound|star|\d|the)|for (?:english|spanish|sales|support|service|billing|chinese|mandarin|customer)|your call (?:is|may|will|has)|please (?:hold|stay on the line|listen carefully|wait while)|(?:dial|enter|know) (?:your|the|an|their)(?: party is)? ?(?:party|extension|account|card|pin)|all (?:of )?our (?:agents|representatives|operators)|menu (?:options|has)|thank you for calling|next available",
        r"按(?:9|九)(?:就|是|可以|就是|键)?(?:不|能|可以)|怎么按|你让我按|我按|按.{0,3}行了吗|不是.{0,4}请按",
    ),
    _rule(
        Intent.DECEASED,
        "deceased",
        r"去世|过世|逝世|病故|病逝|亡故|故去|已故|身故|离世|仙逝|去逝|过逝|不在人世|离开人世|不在世|(?:已经|已|早|早就|早已|都)死亡|牺牲了|寿终|作古|走得早|走的早|入土|下葬|火化|安葬"
        r"|(?:人|老人家?|老太太|老头子?|老爷子|机主|[爸妈爷奶父母]亲?|公公|婆婆|岳父|岳母|老公|老婆|先生|太太|丈夫|妻子|老伴|爱人|儿子|女儿|哥哥?|姐姐?|弟弟?|他|她|佢|户主)(?:人)?(?:都|已经|早就|早|去年|前年|今年|上个?月|上周|前段时间|前几天|昨天|刚|刚刚|几年前|半年前)*(?:不在了|没了|冇咗|走咗|死了|死咗|死啦|没(?:有)?(?:好)?(?:几|多|半|一|两|三|四|五)?(?:个)?(?:年|月)了)(?!吗)"
        r"|(?:人|老人家?|老太太|老爷子|[爸妈爷奶父母]亲?|公公|婆婆|老公|老婆|老伴|爱人|他|她).{0,3}(?:上个?月|上周|去年|前年|今年|前几天|前段时间|昨天|几年前|半年前|三年前|早就|年初|年前|好几年前)(?:就|刚|已经|才)?(?:走了|走的|没的|没了)|走了.{0,3}(?:好几|好多|[一两二三四五六七八九十半几])(?:个)?(?:多)?(?:年|月)"
        r"|passed (?:away|on)|deceased|(?:is|are|he|she|has|husband|wife|father|mother) (?:already )?(?:dead|died)|no longer with us|\bdied\b|late (?:husband|wife|father|mother)",
        r"(?:烦|累|忙|气|热|急|吵|笑|困|饿|冷|吓|恨|贵)死|死了(?:这条)?心|(?:钱|电|额度|信号|空|时间|流量|工作|声音|兴趣).{0,2}没了|没死|不是去世|信号不在|他现在不在|刚走开",
    ),
    _rule(
        Intent.MINOR,
        "minor",
        r"(?:我|俺|人家)(?:今年|现在|才|只有|只|刚|刚刚|刚满|还|都|就|马上)*(?:\d|1[0-7]|[一二三四五六七八九两]|十[一二三四五六七]?)(?:周)?岁(?!的?(?:孩子|小孩|儿子|女儿))"
        r"|(?:我|俺|人家)(?:今年|现在|才|只|刚|还|就|是|个|一个|在|上|读|念|只是|还是|还在|正在|的)*(?:小学|幼儿园|初中|高中|中学|学前班|小班|中班|大班|初[一二三]|高[一二三](?!层)|[一二三四五六七八九]年级|小朋友|小孩|小娃|未成年|小学生|中学生|孩子|细路|娃娃|伢|囡囡|宝宝)(?:生)?(?!.{0,4}(?:老师|教师|上班|工作|门口|要接|家长|教))"
        r"|(?:爸爸|妈妈|我?爸妈|爷爷|奶奶|外婆|姥姥|姥爷|外公|我爸|我妈|老爸|老妈|家长|大人|家里人|爸比|妈咪|阿爸|阿妈)(?:们|都|现在|还|她|他|今天)*(?:不在家|没在家|不在屋|去上班|上班去|出门|出去|出差|去买菜|在做饭|在洗澡|在睡觉|在上班|在厨房|在忙|没回来|还没回|不在|加班|打麻将|去超市|去地里|上厕所)"
        r"|(?:爸爸|妈妈|爷爷|奶奶|外婆|姥姥|我爸|我妈|大人|家长|姐姐)的?(?:手机|电话|平板).{0,12}(?:网课|玩|游戏|看|作业|动画|上课|学习|刷题|王者|视频)|(?:我)(?:在)?(?:写作业|做作业|上网课)|(?:叔叔|阿姨)(?:您|你)?(?:好|我)|(?:等|让|叫|找|喊)(?:一下)?(?:我)?(?:爸爸|妈妈|爸妈|大人|爷爷|奶奶|家长)(?:回来|回家|来接|听|说|接)|我去叫(?:我)?(?:爸|妈|爷|奶)"
        r"|my (?:mom|dad|mommy|daddy|mum|parents|mother|father|grandma)(?: and dad)? (?:is|are|went|has|not).{0,24}(?:not|home|here|out|work|shower|asleep|sleeping|cooking|store)|(?:just|only|am) a kid|i am (?:a child|a minor|only )?(?:\d|1[0-7]|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen) years? old|i am (?:only )?(?:\d|1[0-7]|ten|eleven|twelve|thirteen|fourteen|fifteen)$|(?:in|at) (?:elementary|middle|primary|high) school|(?:first|second|third|fourth|fifth|sixth|seventh|eighth) grade|doing my homework",
        r"我(?:家|的|们家|有|要|得|在|正|还|去)*(?:带|接|送|哄|陪|看|喂)?(?:个)?(?:孩子|儿子|女儿|小孩|宝宝|娃|小朋友)|我(?:都|已经)(?:[二三四五六七八九]十|[2-9]\d)|(?:教|老师)|(?:[二三四五六七八九]十|[2-9]\d)[一二三四五六七八九]?岁|研究生|大学",
    ),
    _rule(
        Intent.COMPLAINT_THREAT,
        "authority",
        r"投诉|举报|申诉|123(?:78|21|15|45|00|81|63)|幺?[一幺]二三(?:七八|二[一幺]|[一幺]五|四五)|银保监|银监|保监|证监|金融监管|监管(?:局|部门|总局|机构)|(?:向|找|去|到|给)(?:人民银行|人行|央行|工商局?|通管局|网信办|市长|政府|有关部门|上级|总行|你们总行|消保|金融办)|工信部|通信管理局|消协|消费者协会|消保委|信访|律师|起诉|打官司|法院|法庭|告(?:你们?|死|到|上|状|发)|(?:要|去|会|再|得|就)告|报警|报案|派出所|公安|警察|黑猫|曝光|爆光|(?:发|挂|传|放)(?:到|上|在|个)?(?:微博|抖音|网上|朋友圈|小红书|快手|网络|媒体|热搜)|媒体|记者|电视台|3[一\.]?15|三一五|维权|追究|法律责任|违法|犯法|违规|侵权|侵犯|个人信息保护法|隐私权|打110"
        r"|(?:叫|找|喊|让|换|把|给我接?|联系|我要见|我要找)(?:一下)?你们?(?:的)?(?:那个|那边的?)?(?:上面|上级|领导|主管|负责人|老板|行长|上司|头儿?|管事的|组长|主任)|你们?(?:的)?(?:领导|主管|负责人|老板|行长|上司)(?:是谁|电话|呢|叫什么|在哪|知道)|(?:工号|名字)(?:多少|是多少|告诉我|报(?:一下|上来|给我)).{0,4}(?:要|记|反映|反应)|记(?:下|住)(?:了)?你(?:们)?的?(?:工号|号码|名字)|反映(?:你们|一下|情况|到|给)|讨(?:个)?(?:说法|公道)"
        r"|file (?:a|an official|another)? ?(?:formal )?complaint|complain(?:t|ing)? (?:to|about|against)|i (?:will|am going to|am gonna|want to|would like to|need to) (?:complain|report|sue)|report (?:you|this|your)|\bsue\b|lawsuit|lawyer|attorney|regulator|(?:call|calling) the (?:police|cops)|legal action|ombudsman|your (?:supervisor|manager|boss)|harassment",
        r"(?:没|没有|(?<!是)不是|不会|(?<!是)不(?!是)|从没|从来没|不想|不是要|不是来|懒得|又不|并没|不用|未)(?:要|想|去|会|过|打算|说要|说)?(?:投诉|举报|告|报警|起诉|追究|打官司)(?!.{0,6}才怪)|我(?:本人|自己|现在)?(?:就)?(?:是|在|做|干)(?:个|一名|一个|的)?(?:律师(?!函)|法官|警察|公安|记者|法院|派出所|法务|电视台)|(?:在|去|到|刚从)(?:法院|派出所|公安局|律所)(?:上班|工作|办事|开会|这边|门口)|按|找你们(?:领导|经理|老板)(?:贷款|办|谈合作)|没(?:有)?违[规法]|我老公是|我爱人是|不违规",
    ),
    _rule(
        Intent.OPT_OUT,
        "do_not_call",
        rf"{_NOT}{_MORE}{{0,7}}{_CALL}",
        rf"{_LATER}(?!.{{0,8}}{_THREAT})|(?:没|没有|不是|谁|从没|并没)(?:说|让|叫|想|要)?(?:过)?(?:你们?|我|是)?(?:不要|别|不让|不用|不准|不许|不想|不能|不可以)|(?:但|不过|就是)?(?:别|不要|少)(?:太|这么|那么|大|在)(?:早|晚|晚上|中午|早上|半夜|夜里|周末|急|快)|(?:别|不要)(?:打断|打岔|打折|打哈哈|打马虎|打官腔|打电话问)|少打(?:点|些)?字|打车|打算|不用(?:找|联系|打电话)(?:了)?(?:人工|经理|他们|客服)|不用(?:你们)?打(?:电话)?(?:我)?(?:自己|直接|就)|要不(?:要|你)|不想(?:找|打车)|不用打(?:我|给我)?(?:这个|家里|座机|另)|不用烦|不用打扰家",
    ),
    _rule(
        Intent.OPT_OUT,
        "future",
        r"(?:以后|今后|往后|下次|将来|永远|再也|从此|从今|这辈子|日后|往后余生)(?:都|就|也|请|麻烦|千万|你们?|再|通通|统统|全部|一律|可|有)*(?:别|不要|不用|不许|不准|甭|莫|少|勿|唔好|不必|不想|不需要|停止)",
        r"(?:以后|下次)(?:再)?(?:别|不要|不用)(?:忘|等|迟|这样|重复|跑)|别太|以后(?:不要|别)(?:紧|了吗)|以后不需要还|以后(?:不用|不要)(?:还|交|付)",
    ),
    _rule(
        Intent.OPT_OUT,
        "my_number",
        r"(?:删|删掉|删除|去掉|去除|移除|拿掉|清除|清掉|划掉|抹掉|屏蔽|拉黑|拉进|加入|列入|放进|放到|加到|归到|剔除|踢出|撤下|取消|撤销|注销|销毁|收回|撤回|停用|设[成为]?|标[记成]).{0,10}(?:我.{0,3}(?:号码?|电话|手机|信息|资料|联系方式|记录|名字|数据)|名单|勿扰|免打扰|谢绝来电|号码|授权|订阅|营销|推销|推送|不再联系|拒接)"
        r"|(?:我.{0,6}|这个|把)(?:号码?|电话|手机号?|联系方式|资料|名单|信息|数据|名字|记录)(?:给我|都|全|从.{0,8}|立刻|马上|赶紧|统统|也|可以|能不能|就|给)*(?:删|去掉|移除|清除|清掉|拿掉|拉黑|划掉|移出|剔除|注销掉|抹掉|屏蔽|撤)|(?:我|把我)(?:给|都|从.{0,10})*(?:拉黑|移出|移除|删了|删掉|剔除|除名|拉进黑名单|屏蔽)|黑名单|拉黑|免打扰|勿扰|请勿|谢绝(?:来电|推销|营销)|退订|退出(?:营销|名单|这个名单)|取消(?:订阅|关注|营销|授权|推送|电话)|^(?:回复)?(?:td|t|tt)$|撤(?:回|销)(?:我的)?(?:授权|同意)|不同意(?:你们)?(?:再)?(?:使用|用)我的|(?:不|没)(?:授权|允许|同意)(?:过)?(?:你们?)?(?:给我)?(?:打|营销|使用)",
        r"(?:怎么|为什么|被|没|没有|不小心|是不是).{0,8}(?:拉黑|黑名单|注销|删)(?!.{0,4}你)|征信黑|(?:在|上|进)了?(?:征信|银行)?黑名单(?:了)?(?:能|可以|还能|怎么|吗)|有没有免打扰|取消(?:分期|贷款|订单|自动)|打扰",
    ),
    _rule(
        Intent.OPT_OUT,
        "no_more_calls",
        r"(?:不想|不愿意?|不希望|拒绝|不接受|不再|不同意|没必要|不喜欢|讨厌|受够|烦透|反感|不接|唔想|懒得|不需要|不必|不用)(?:再|接|接到|收到|听到|听|看到|接听|要|这种|这类|这些|你们的?|任何|什么|银行|贷款|营销|推销|广告|骚扰|陌生|机器人?|了|给我|有|受到|被|人)*(?:电话|来电|推销|广告|营销|骚扰|打扰|推送)(?!费|号码?|给|银行|多少|是)"
        r"|(?:再|还)(?:给我|跟我|来|敢|往|有人|这样|这么|让我|继续|接到|收到|打|看到|听到)+.{0,4}(?:打|电话|来电|骚扰|call|联系)?.{0,10}(?:拉黑|不客气|翻脸|试试|骂|销卡|销户|注销|销(?:了|掉)|屏蔽|block|把(?:信用)?卡|换银行|换卡|剪|退卡|换号|等着|找上门|没完)",
        r"(?:不方便|没法|不能)(?:接|听)|不想打车|没接到|还(?:有|想|要)(?:什么)?(?:电话|问)",
    ),
    _rule(
        Intent.OPT_OUT,
        "english",
        r"stop (?:call|contact|bother|harass|phon|ring|disturb|dial|it|spam)|(?:do not|not|never|quit|cease) (?:ever |you )?(?:call|contact|ring|phone|bother|dial|disturb|calling|contacting)|take (?:me|my (?:number|name|phone)).{0,12}(?:off|out)|remove (?:me|my)|(?:off|from) (?:your|the|this) (?:call(?:ing)? |contact )?list|unsubscribe|opt(?:ed|ing)?[ -]?(?:me )?out|no more (?:calls|phone)|lose (?:my|this) number|delete (?:my|me|this)|block(?:ed|ing)? (?:you|your|this|the)|be(?:ing)? blocked|leave me alone|do not call list|not (?:to )?(?:be )?(?:call|contact)ed|(?:do not|not) want (?:any )?(?:more |your |these |to receive |to get )?(?:calls|sales)|(?:stop|quit) (?:this|these|the|your|making)|go away",
        r"(?:did|have|has|can|could|why|would|please|should|will|may) (?:you |i )?not call(?:ed)? (?:back|me back)|why (?:did|do) (?:you|not)|not call.{0,20}later|bother to",
    ),
    _rule(
        Intent.WRONG_NUMBER,
        "wrong_number",
        r"(?:打|拨|搞|弄|找|认|记|输)错(?:了|电话|号|人|啦|咗)|打错|错号|(?:没|没有|冇)(?:这|那|呢)个?(?:人|号人)|查无此人|(?:没|没有)(?:姓|叫).{1,4}的|这(?:里|儿|边|个号码?|号|手机)?(?:没|没有)(?:这|你(?:说|找)的|叫|姓)|(?:不|唔)(?:认识|认得|识|知道)(?:他|她|佢|这个?人|这人|什么|谁|你(?:说|找)的|这位|该|[\u4e00-\u9fff]{1,3}(?:先生|女士|小姐)|[张王李赵刘陈杨黄周吴][\u4e00-\u9fff]{1,2})"
        r"|我(?:可|并|又|根本|压根|都)?不(?:是|叫|姓)(?:什么|那个|这个|你(?:们)?(?:说|找|要找)的?)?(?:他|她|这个?人|那个?人|这位|人|[\u4e00-\u9fff]{1,3}(?:先生|女士|小姐|太太|老师)|[张王李赵刘陈杨黄周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金贾韦夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常][\u4e00-\u9fff]{0,2})(?:啊|呀|哦|了|吧)?$|我不姓|我姓.{1,2}不姓"
        r"|(?:号码?|电话|手机|卡|号).{0,5}(?:换人|换主|换了主人|换机主|易主|是新|刚(?:办|买|换)|现在(?:是我|归我|我在)|不是(?:他|她|本人|那个人|[\u4e00-\u9fff]{1,3}(?:先生|女士))的?(?:了|在用)?|早换|过户|被我|我刚)|机主(?:不是我|换|已换|早就|不是他|变)|(?:我)?(?:这|用的)?(?:是)?(?:个)?新(?:号|办的号|换的号|买的号|手机号|卡)(?!.{0,3}码是)|(?:以前|之前|原来|上一个|前)(?:的)?(?:机主|号主|主人|那个人|用这个号)|wrong (?:number|person|guy)|(?:no|not) (?:one|body|anybody|anyone).{0,8}(?:by|with|called|named) (?:that|this)|by that name|(?:i am|this is) not (?:him|her|mr|mrs|ms|that|the person)|(?:nobody|no one).{0,12}name|you (?:have|got|dialed) the wrong|changed (?:my |the )?number|new owner|not (?:his|her) (?:number|phone)|(?:do not|not) know (?:him|her|that person|who that is)",
        r"没(?:有)?(?:打|搞|弄|拨)错|不会(?:打|搞|弄)错|打错(?:折|字|账)|是不是(?:打|搞|弄)错.{0,6}(?:利息|金额|账)|搞错(?:利息|金额|账)|我不是(?:不|说|没|这个意思|很|太|要|想|在|有|学生|你们|本行|会员|机器|傻|本人|本地|老师|那个意思|开玩笑|已经|刚)|换个(?:号|电话)打|没(?:有)?(?:这|那)个(?:想法|打算|需求|需要|意思|必要|产品|业务)",
    ),
    _rule(
        Intent.VULNERABLE_DISTRESS,
        "distress",
        r"(?:在|去|到|刚从|进|躺|送|跑)(?:了)?(?:人民|中心|县|市|儿童|妇幼|肿瘤|大|的)*(?:医院|急诊|病房|病床|icu|重症|手术室|产房|太平间|殡仪馆|灵堂|看守所)|住院|(?:做|动|开|要|准备|刚做完|等着|等)(?:个|了|完)?(?:大)?(?:手术|化疗|放疗|透析)|化疗|放疗|透析|抢救|病危|癌|肿瘤|白血病|尿毒症|重病|生病|病了|病重|大病|中风|瘫|骨折|车祸|出(?:了)?(?:大)?事(?!情吗)|(?:办|有|守|奔)(?:白事|丧事?|后事|灵)|丧事|葬礼|追悼会|守孝|头七|出殡|戴孝|后事|失业|下岗|被裁|裁员|裁掉|被辞|被开除|破产|倒闭|资不抵债|负债|欠(?:着|了)?(?:一屁股|很多|好多|一堆|别人|人家|外面|几十万|网贷|高利贷)|欠(?:着)?.{0,4}债|(?:一屁股|一身)债|还不(?:起|上)(?:钱|债|款|了)?|(?:吃|揭)不(?:上饭|起饭|开锅)|活不(?:下去|起|成)|不想活|自杀|跳楼|轻生|想死|寻死|抑郁|崩溃|离婚|家里(?:有人)?(?:出事|着火|被淹|遭)|火灾|洪水|地震|被骗(?:了|光|走)(?:好多|很多|几|所有|钱)|家暴|流产|走投无路|没饭吃|断供|法拍|(?:我|是)(?:盲人|聋哑|残疾人)"
        r"|(?:in|at) (?:the )?(?:hospital|emergency|er|icu|a funeral|the funeral)|surgery|chemo|cancer|funeral|(?:lost|losing) my job|laid off|unemployed|bankrupt|in debt|owe (?:a lot|so much)|cannot (?:afford to|pay) (?:eat|my|the)|depress|suicid|kill myself|car accident|very (?:ill|sick)|so sick|(?:is|am) (?:dying|sick|ill)\b",
        r"(?:在|是)?医院(?:里)?(?:上班|工作|值班|开会|的医生|护士|体检|看门|保安|当)|医(?:生|务)|护士|(?:如果|万一|要是|假如|怕|会不会|是不是|能不能|担心).{0,8}(?:还不|失业|破产|生病)|没(?:有)?(?:住院|生病|负债|失业|事)|不负债|无负债|还不上(?:的话|会|怎么)|逾期.{0,4}怎么|癌险|重疾险|住院险|负债(?:率|高|多).{0,6}(?:能|可以|批|办)|离婚.{0,6}(?:能|可以|办|吗)|没离婚|烦死",
    ),
    _rule(
        Intent.ABUSE,
        "abuse",
        r"滚(?!动|利|雪|筒|石|轮)|你(?:他)?妈(?!妈|在|好|的手机)|他妈|特么|他吗|他娘|tmd|nmd|妈(?:的|蛋|逼|卖批|了个|个鸡)(?:$|.)|操(?:你|他|蛋|$)|草(?:你|泥马|拟)|艹|[傻煞沙][逼b比屌叉x]|[傻煞][笔]|sb|脑残|脑(?:子|壳)(?:有(?:病|包|问题|坑|屎|毛病)|进水|坏)|(?:你|你们)?(?:是不是)?(?:都)?有(?:神经)?(?:病|毛病)(?:吧|啊|呀|是不是|吗|哦|噻|咧)|你(?:们)?(?:是不是)?(?:都)?有(?:病|毛病)|神经(?:病|兮兮|$)|精神病|去死|死去|死(?:开|远|全家|一边|骗子)|早死|不得好死|断子绝孙|闭嘴|住口|住嘴|收声|王八|混(?:蛋|账)|畜[生牲]|狗(?:日|东西|屁|杂|腿|娘|玩意)|龟(?:儿|孙)|仙人板|瓜(?:皮|娃|批|怂)|哈(?:批|儿|麻批)|扑街|仆街|冚家|丢(?:你|那)|顶你个|屌|[贱][人货]|犯贱|(?:真|太|好|这么|不要)?不要脸|臭不要|缺德|废物|垃圾(?:$|银行|公司|玩意|东西|人|货|客服|机器)|吃(?:饱|多)了(?:撑|没事|闲)|撑着了|放(?:你的|什么|狗)?屁|娘希匹|小赤佬|戆[大度]|十三点|二百五|神戳戳|批话|装(?:逼|b)|找(?:抽|打|死|骂|削)|皮痒|欠(?:揍|抽|骂|打)|(?:弄|打|砍|整|削|干|抽)死你|爬(?:开|远)|死骗子|骗子滚|(?:狗|猪)(?:脑|一样)|白痴|蠢(?:货|猪|蛋)|智障|弱智|变态|流氓|没(?:有)?(?:家教|教养|娘)|有(?:爹|娘)(?:生|养)|哭丧|催命|奔丧呢|吵(?:什么|个)吵|叫什么叫"
        r"|fuck|\bf off|shit|\basshole|bitch|idiot|stupid|get lost|shut (?:up|the)|piss off|go to hell|screw (?:you|off)|moron|bastard|\bdamn (?:you|robot|it)|dumb|\bsuck|jerk|scumbag|bugger off|bloody hell|\bhell (?:off|no you)",
        r"利滚利|(?:我|他|她|我妈|我爸|孩子|家里人)(?:现在|最近|也|身体|真的|是)*有(?:点)?病(?!吧)|垃圾(?:短信|邮件|分类|桶)|(?:我|他|她)妈(?:妈)?(?:在|不在|的手机|生病|住院)|滚烫",
    ),
    # Suspected: the call ends, a person decides.
    _rule(
        Intent.OPT_OUT,
        "weary",
        r"(?:别|不要|少|甭|莫|唔好|能不能不要|可不可以别|能不能别)(?:再|又|老|来|总|一直|跟我|同我|在这|给我)*(?:烦|吵|啰嗦|罗嗦|废话|说了|讲了|磨叽|推荐|介绍|推|来这套|忽悠|浪费|纠缠|缠|发(?!给我))|烦(?:死|不烦|透|人|得很|得要|躁)|(?:很|好|真|太|特别|挺|最|够|超级|真是|真的)(?:的)?(?:烦|吵|讨厌|反感|闹心|打扰)|讨厌(?:你们|这种|接)?|(?:怎么|咋|为什么|为啥|还|又|总|老|天天|每天|成天|整天|一天到晚|老是|总是|一直|不停|隔三差五|三天两头|几乎每天|日日|成日)(?:你们|都|又|还|来|在|是|给我|有|要|接到|这样|有人)*(?:打(?!断|算|车|折)|来电|电话|骚扰|是你们?|推销|找我|call)"
        r"|(?:打|接|来|接到)(?:了|过)?(?:你们?)?(?:多少|好多|好几|几十|无数|很多|n|第[一二三四五六七八九十几]|[三四五六七八九十几]|\d+)(?:个|次|遍|回|通|多)+(?:电话|了)?|第(?:几|[二三四五六七八九十]|\d+)(?:次|个|遍|回|通)(?:电话)?(?:了|打)|打个?没完|没完没了|有完没完|完没完|阴魂不散|又(?:是|来)(?:你们|这个|这种|银行|推销|了|贷款|营销|广告)|还(?:打|来|没完)|(?:一天|一个月|一周|一星期)(?:都)?(?:打|好几|几|[三四五六七八十]|n|\d)(?:个|次|遍|通)|消停|清静|清净|安静(?:一下|点|会)|放过我|饶(?:了)?我|够了|受(?:够|不了)|换(?:个)?(?:手机)?(?:号|号码|电话号)了?$|(?:要|准备|只能|得|想|打算|逼我|都想)换(?:个)?(?:手机)?(?:号|号码|电话)|(?:已经|早就|都|跟你们?|之前|上次|昨天|前天|我)(?:都|就|已经)?(?:说|讲|告诉|强调|拒绝|回绝)(?:过|了)(?:你们?)?(?:很多|多少|好几|几|无数|[一二三四五六七八九十n\d])*(?:次|遍|回)?(?:了)?(?:我)?(?:都|就)?(?:不(?:要|用|需要|办|想|考虑|感兴趣)|别|没兴趣|没需要)|说(?:了|过)(?:多少|好多|几|n|无数|八百|一百|很多)(?:次|遍|回)|(?:听不懂|听得懂|懂不懂|能不能听懂|听明白|没听懂)(?:人话|话|吗|我说)|骚扰|扰民|垃圾电话|推销电话(?:吧|啊|真|都|又|我)|广告电话|没(?:有)?别的事(?:了)?吧|(?:挂|掐)(?:了)?(?:你|电话)(?:吧|了)?.{0,4}(?:别|烦)|sick of|tired of|fed up|enough(?: is|$| already)|how many times|(?:every|all) (?:day|the time)|again and again|keep (?:calling|bother)|annoy|spam",
        r"(?:没|没有|不)(?:怎么|那么|太|是)?(?:烦|吵|打扰)|不(?:烦|讨厌)|还(?:打|来)(?:得|不)(?:及|起)|还来得及|还打折|还打(?:五|八|几)?折|又是什么(?:产品|活动|业务)|为什么(?:打|找我|给我打|要打|你们打)(?:电话)?(?:给我)?$|(?:额度|钱|时间|一个月|五万|十万|这些|就)(?:就|也|都|应该|肯定|是)?够了|安静的地方|怎么(?:联系|打)(?:你们|过去|给你|回)|(?:以后|要|有问题|有需要|想)(?:怎么|打什么)(?:找|联系|打)|怎么(?:找|联系)我(?:的)?|别(?:打断|介绍太)|不要推|怎么(?:推|来)|太麻烦|麻烦|我换号了|已经换(?:号|了号)",
        certain=False,
    ),
    _rule(
        Intent.COMPLAINT_THREAT,
        "indignant",
        r"什么态度|(?:态度|服务|素质)(?:怎么|这么|真|太|也太|很|如此|实在)*(?:差|恶劣|不好|烂|低|坏)|(?:太|真|也太|实在|简直)(?:过分|离谱|不像话|欺负人|恶心|可恶|没素质|无耻|不负责任|嚣张)|欺人太甚|(?:有|还有)没有(?:王法|素质|公德|底线|职业道德)|没(?:有)?素质|(?:要|给|讨)(?:我)?(?:一?个)?说法|给我(?:一?个)?(?:解释|交代)|差评|吵(?:醒|到)(?:我|孩子|人|老人)?|(?:睡|午睡|午休|休息|吃饭|坐月子|过年|大年|春节|节假日|放假|周末|礼拜天|大清早|一大早|大早上|大半夜|半夜|深更|三更|凌晨|大晚上|晚上|大中午|几点了|什么时间|现在几点|这个点|这么晚|这么早|下班时间).{0,10}(?:还|都|就|也|又|打什么|打电话|打来|骚扰|让不让|推销|不让)|(?:让不让|让)人(?:睡|休息|活|清静|过年)|(?:泄露|泄漏|倒卖|贩卖|出卖|卖)(?:了)?(?:我|客户|个人|用户|公民)?的?(?:隐私|信息|电话|号码|资料|个人信息)|(?:隐私|个人信息|信息|号码)(?:都)?(?:是不是)?(?:被)?(?:你们)?(?:泄露|泄漏|倒卖|卖|出卖)|(?:凭什么|凭啥|谁允许|谁授权|谁让|谁同意|谁准|谁给你们?的?(?:权|胆|资格)).{0,8}(?:打|给我|用我|拿我|查我|权力|权利|$)|凭什么|(?:公司|银行|你们)(?:就|都|是|肯定)*是?假的|不负责任|霸王条款|乱扣|乱收费|坑人|坑(?:我|客户|老百姓)|黑心|吸血|录音(?:了|取证|证据|为证|留证|保留)|(?:保留|留)(?:了)?证据|等着(?:瞧|吧|收)|走着瞧|后果自负|负(?:得起|责)(?:吗|任)|ridiculous|outrageous|unacceptable|how dare|privacy|illegal|rude|disgrace",
        r"不(?:过分|离谱)|态度(?:还|挺|真|很|蛮)(?:好|不错)|服务(?:还|挺|真|很)(?:好|不错)|给我说法|(?:晚上|周末|休息|下班|节假日).{0,4}(?:也|都|还)?(?:行|可以|有空|方便|在|上班|要上班|得上班|打给我|再打|联系我|加班)|是(?:不是)?录音|通话录音|会录音|录音吗|有录音|凭什么(?:条件|资料|材料)",
        certain=False,
    ),
)


@dataclass(frozen=True, slots=True)
class Alert:
    """What layer 0 found: an alarm, and which intents a guard lifted."""

    alarm: Alarm | None
    lifted: frozenset[Intent]


#: Words with 打 that have nothing to do with calling; the model cannot tell.
_LOOK_ALIKE: Final = re.compile(r"打(?:断|岔|车|折|算|印|款|包|卡|球|牌|扫|听|[点些个]?字)")
_ABOUT_CALLS: Final = re.compile(r"电话|接|来电|联系|再打|骚扰|投诉|举报|推销")
_SAID_LATER: Final = re.compile(rf"{_LATER}(?!.{{0,8}}(?:{_THREAT}|不|没|拉黑|骂))")


def check(spoken: Spoken) -> Alert:
    """The first rule that applies; guards speak for the whole utterance.

    What was misspelt by the recogniser is tried a second time by ear, and then only suspected.
    """
    alert = _check(spoken.plain, spoken.clauses)
    if alert.alarm is not None:
        return alert
    if _LOOK_ALIKE.search(spoken.plain) and not _ABOUT_CALLS.search(spoken.plain):
        return Alert(None, STOP)
    if alert.lifted:
        return alert
    heard = by_ear(spoken.plain)
    if heard == spoken.plain:
        return alert
    second = _check(heard, (heard,))
    if second.alarm is None or not second.alarm.certain or second.alarm.intent not in STOP:
        return alert
    alarm = Alarm(second.alarm.intent, f"{second.alarm.rule}_by_ear", certain=False)
    return Alert(alarm, frozenset())


def _check(text: str, clauses: tuple[str, ...]) -> Alert:
    lifted = set()
    for rule in RULES:
        if not rule.pattern.search(text):
            continue
        if rule.guard is not None and rule.guard.search(text):
            # Parts that a recogniser separated may still be clear by themselves, unless one
            # explains the other: "现在别打，晚点打".
            clear = not _SAID_LATER.search(text) and any(
                rule.pattern.search(clause) and not rule.guard.search(clause) for clause in clauses
            )
            if not clear or len(clauses) < 2 or not rule.certain:
                lifted.add(rule.intent)
                continue
        return Alert(Alarm(rule.intent, rule.name, rule.certain), frozenset(lifted))
    return Alert(None, frozenset(lifted))
