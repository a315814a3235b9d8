"""Two small help desks, one in English, one in Chinese, with a question for each page."""

from __future__ import annotations

from retrieval.document import Document

ENGLISH = {
    "Who can switch off my missing card?": "Report a lost or stolen card to the hotline, which blocks it at once.",
    "money back for a payment made twice": "A refund of a duplicate transaction arrives within five days.",
    "When are you open on Saturday?": "At weekends the branches serve visitors from nine until noon.",
    "borrow for a house": "Mortgages finance the purchase of a home over at most thirty years.",
    "sending euros abroad": "An international transfer costs eight euros and takes two days.",
    "forgot my password": "Reset the secret word of online banking with the code that we send by text message.",
    "someone pretends to be the bank": "Fraudsters phone customers and ask for codes; hang up and tell us.",
    "interest on savings": "The deposit account earns two per cent a year, paid each December.",
    "close my account": "To end your contract, sign the termination form at any counter.",
    "photo of a cheque": "Cheques are deposited by taking a picture of both sides in the app.",
    "teenagers": "Young people from twelve years of age get a free youth account with their parents' consent.",
    "death of a customer": "Heirs bring the certificate of inheritance to settle the estate of the deceased.",
}
CHINESE = {
    "信用卡丢了怎么挂失": "信用卡丢失后请立即拨打客服电话办理挂失手续，挂失后不再产生损失。",
    "重复扣款多久退款": "因系统原因重复扣款的，款项将在五个工作日内退回原账户。",
    "周末网点营业时间": "各网点周末营业时间为上午九点至中午十二点，法定节假日休息。",
    "住房贷款最长期限": "个人住房贷款期限最长三十年，利率按央行规定执行。",
    "境外汇款手续费": "境外汇款每笔收取手续费八十元，两个工作日到账。",
    "忘记网银登录密码": "忘记网上银行登录密码，可凭短信验证码自助重置。",
    "接到诈骗电话怎么办": "不法分子冒充银行员工索要验证码，请挂断电话并报警。",
    "定期存款利息": "定期存款年利率为百分之二，到期一次性支付利息。",
    "如何注销账户": "客户本人携带身份证到柜台填写销户申请表即可注销账户。",
    "手机存支票": "打开手机银行，拍摄支票正反两面即可完成存入。",
    "未成年人开户": "十二岁以上未成年人由监护人陪同，可免费开立青少年账户。",
    "继承存款": "继承人凭继承公证书办理已故客户存款的支取。",
}


def documents(texts: dict[str, str], title: str) -> list[Document]:
    """One document for each page; the title tells nothing."""
    return [Document(f"{number}.md", title, text, f"{number}.md") for number, text in enumerate(texts.values())]
