using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Tests.Sync;

public class RolesTests
{
    private static ListedMailbox Listed(string path, Role? specialUse = null, string? delimiter = "/", bool selectable = true) => new(path, delimiter, true, selectable, specialUse, null);

    private static string RolesOf(params ListedMailbox[] mailboxes) =>
        string.Join(' ', Roles.Assign(mailboxes).OrderBy(one => one.Value).Select(one => $"{one.Value}={one.Key}"));

    [Theory]
    [InlineData("sent,Gesendete Objekte,Éléments envoyés,Enviados,Itens enviados,Posta inviata,Verzonden items,Elementy wysłane,Отправленные,已发送,送信済みアイテム", Role.Sent)]
    [InlineData("DRAFTS,Entwürfe,Brouillons,Borradores,Rascunhos,Bozze,Concepten,Wersje robocze,Черновики,草稿箱,下書き", Role.Drafts)]
    [InlineData("Deleted Items,Papierkorb,Corbeille,Papelera,Lixeira,Cestino,Prullenbak,Kosz,Корзина,已删除邮件,ゴミ箱", Role.Trash)]
    [InlineData("Junk E-mail,Spam,Unerwünscht,Indésirables,Correo no deseado,Lixo eletrônico,Posta indesiderata,Ongewenste e-mail,Wiadomości-śmieci,Спам,垃圾邮件,迷惑メール", Role.Junk)]
    [InlineData("Archives,Archiv,Archivage,Archivo,Arquivo,Archivio,Archief,Archiwum,Архив,归档,アーカイブ", Role.Archive)]
    public void A_server_that_says_nothing_is_understood_by_names_in_many_languages(string names, Role role)
    {
        foreach (var name in names.Split(','))
        {
            Assert.Equal($"{role}={name}", RolesOf(Listed(name)));
        }
    }

    [Theory]
    [InlineData("sent-mail", Role.Sent)]
    [InlineData("SENT_ITEMS", Role.Sent)]
    [InlineData("Entwu\u0308rfe", Role.Drafts)]
    [InlineData("elements envoyes", Role.Sent)]
    [InlineData("УДАЛЁННЫЕ СООБЩЕНИЯ", Role.Trash)]
    public void Spelling_does_not_matter(string name, Role role) => Assert.Equal(role, RoleNames.Find(name)?.Role);

    [Theory]
    [InlineData("Sentinel")]
    [InlineData("Spam reports")]
    [InlineData("")]
    [InlineData("\ud800")]
    public void Other_names_mean_nothing(string name) => Assert.Null(RoleNames.Find(name));

    [Fact]
    public void What_the_server_says_counts_before_a_name() =>
        Assert.Equal("Sent=Projects/Out", RolesOf(Listed("Sent"), Listed("Projects/Out", Role.Sent)));

    [Fact]
    public void Each_role_is_given_once_and_each_mailbox_has_one() =>
        Assert.Equal("Sent=A Trash=Trash", RolesOf(Listed("A", Role.Sent), Listed("B", Role.Sent), Listed("Sent Items"), Listed("Trash", Role.Trash), Listed("Papierkorb")));

    [Fact]
    public void A_mailbox_at_the_top_counts_before_one_further_down() =>
        Assert.Equal("Trash=Papierkorb Archive=Work/Archive", RolesOf(Listed("Work/Trash"), Listed("Papierkorb"), Listed("Work/Archive")));

    [Fact]
    public void Right_below_the_inbox_is_the_top() =>
        Assert.Equal("Sent=INBOX.Gesendet", RolesOf(Listed("Old.Sent", delimiter: "."), Listed("INBOX.Gesendet", delimiter: "."), Listed("INBOX.Old.Sent", delimiter: ".")));

    [Fact]
    public void A_usual_name_counts_before_a_rare_one() => Assert.Equal("Trash=Trash", RolesOf(Listed("Bin"), Listed("Deleted Items"), Listed("Trash")));

    [Theory]
    [InlineData("INBOX")]
    [InlineData("Inbox")]
    public void The_inbox_is_the_inbox_in_any_case(string path) => Assert.Equal($"Inbox={path}", RolesOf(Listed("Other", Role.Inbox), Listed(path)));

    [Fact]
    public void Mailboxes_of_others_and_those_without_messages_have_no_role() =>
        Assert.Equal("", RolesOf(Listed("Other Users/bob/Trash") with { Personal = false }, Listed("Shared/Sent", Role.Sent) with { Personal = false }, Listed("Drafts", selectable: false)));

    [Fact]
    public void A_delimiter_that_is_none_makes_no_levels() => Assert.Equal("Junk=Spam", RolesOf(Listed("Spam", delimiter: null), Listed("a/Junk", delimiter: null)));
}
