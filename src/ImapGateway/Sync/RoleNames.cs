using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The usual names of mailboxes of a role, for servers that do not report roles.</summary>
public static class RoleNames
{
    // An earlier name in a line has priority over a later one: plain names come before names that some mail program once created besides them.
    private static readonly ImmutableArray<(Role Role, string[] Names)> Table =
    [
        (Role.Sent,
        [
            "Sent", "Sent Items", "Sent Messages", "Sent Mail", "Sent Objects", "Outgoing",
            "Gesendet", "Gesendete Elemente", "Gesendete Objekte", "Gesendete Nachrichten", "Gesendete",
            "Envoyés", "Éléments envoyés", "Messages envoyés", "Courrier envoyé", "Objets envoyés", "Envoyé",
            "Enviados", "Elementos enviados", "Mensajes enviados", "Correo enviado", "Enviado",
            "Itens enviados", "Mensagens enviadas", "Enviadas", "E-mails enviados",
            "Inviati", "Posta inviata", "Messaggi inviati", "Elementi inviati", "Inviata",
            "Verzonden", "Verzonden items", "Verzonden berichten", "Verstuurd",
            "Wysłane", "Elementy wysłane", "Wiadomości wysłane",
            "Отправленные", "Исходящие", "Отправленные письма",
            "已发送", "已发送邮件", "已发邮件", "寄件備份", "已傳送", "寄件备份",
            "送信済み", "送信済みアイテム", "送信済みトレイ", "送信済みメール",
        ]),
        (Role.Drafts,
        [
            "Drafts", "Draft", "Draft Messages",
            "Entwürfe", "Entwurf",
            "Brouillons", "Brouillon",
            "Borradores", "Borrador",
            "Rascunhos", "Rascunho",
            "Bozze", "Bozza",
            "Concepten", "Concept",
            "Szkice", "Wersje robocze", "Robocze", "Kopie robocze",
            "Черновики", "Черновик",
            "草稿", "草稿箱", "草稿夹", "草稿匣",
            "下書き", "ドラフト",
        ]),
        (Role.Trash,
        [
            "Trash", "Deleted Items", "Deleted Messages", "Deleted", "Bin", "Rubbish", "Waste", "Wastebasket",
            "Papierkorb", "Gelöschte Elemente", "Gelöschte Objekte", "Gelöschte Nachrichten", "Gelöscht", "Mülleimer",
            "Corbeille", "Éléments supprimés", "Messages supprimés", "Poubelle", "Supprimés",
            "Papelera", "Elementos eliminados", "Eliminados", "Papelera de reciclaje", "Mensajes eliminados",
            "Lixeira", "Lixo", "Itens excluídos", "Itens eliminados", "Reciclagem",
            "Cestino", "Posta eliminata", "Elementi eliminati", "Eliminata",
            "Prullenbak", "Prullenmand", "Verwijderde items", "Verwijderde berichten", "Verwijderd",
            "Kosz", "Elementy usunięte", "Usunięte",
            "Корзина", "Удаленные", "Удалённые", "Удаленные сообщения",
            "已删除", "已删除邮件", "垃圾桶", "回收站", "刪除的郵件", "废件箱", "废纸篓",
            "ゴミ箱", "ごみ箱", "削除済み", "削除済みアイテム",
        ]),
        (Role.Junk,
        [
            "Junk", "Spam", "Junk E-mail", "Junk Mail", "Bulk Mail", "Bulk", "Spambox",
            "Spamverdacht", "Werbung", "Unerwünscht", "Junk-E-Mail", "Spam-Verdacht",
            "Indésirables", "Courrier indésirable", "Pourriel", "Pourriels",
            "Correo no deseado", "No deseado", "Correo basura", "Correo electrónico no deseado",
            "Lixo eletrônico", "Lixo eletrónico", "Correio eletrônico não solicitado",
            "Posta indesiderata", "Indesiderata",
            "Ongewenste e-mail", "Ongewenst", "Ongewenste reclame",
            "Wiadomości-śmieci", "Niechciane",
            "Спам", "Нежелательная почта",
            "垃圾邮件", "垃圾郵件", "垃圾箱", "广告邮件",
            "迷惑メール", "スパム",
        ]),
        (Role.Archive,
        [
            "Archive", "Archives", "Archived",
            "Archiv", "Archivierte",
            "Archivage", "Archivé",
            "Archivo", "Archivos", "Archivados",
            "Arquivo", "Arquivos", "Arquivo morto", "Arquivados",
            "Archivio", "Archiviati", "Archivi",
            "Archief", "Gearchiveerd",
            "Archiwum", "Archiwa",
            "Архив", "Архивы",
            "归档", "存档", "封存", "归档邮件",
            "アーカイブ",
        ]),
    ];

    private static readonly FrozenDictionary<string, (Role Role, int Rank)> ByName = Build();

    /// <summary>Returns the role of a mailbox with this name, and how usual the name is (0 before 1). Null for other names.</summary>
    public static (Role Role, int Rank)? Find(string name) => ByName.TryGetValue(Plain(name), out var found) ? found : null;

    /// <summary>Returns the name without differences of case, spaces, hyphens and accents (composed or not), which are spelt in many ways.</summary>
    private static string Plain(string name)
    {
        var plain = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune))
            {
                var upper = Rune.ToUpperInvariant(rune).ToString();
                plain.Append(Accented.IndexOf(upper, StringComparison.Ordinal) is >= 0 and var at ? Bare[at..(at + 1)] : upper);
            }
        }
        return plain.ToString();
    }

    // This table is written by hand: the runtime is built without ICU, and so without normalisation.
    private const string Accented = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝĄĆĘŃŚŹŻЁ";
    private const string Bare = "AAAAAACEEEEIIIINOOOOOUUUUYACENSZZЕ";

    private static FrozenDictionary<string, (Role Role, int Rank)> Build()
    {
        var names = new Dictionary<string, (Role, int)>(StringComparer.Ordinal);
        foreach (var (role, list) in Table)
        {
            for (var rank = 0; rank < list.Length; rank++)
            {
                names.TryAdd(Plain(list[rank]), (role, rank));
            }
        }
        return names.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
