#:package MailKit
// Fills the mailboxes of one user: SampleMail.cs PORT USER PASSWORD. The same mail every time, but for the dates, which end today.
using System.Globalization;
using System.Text;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;
using MimeKit;

var random = new Random(20260101);
var start = DateTimeOffset.Now.AddDays(-90);
var me = new MailboxAddress("Anna Berg", args[1]);
var counter = 0;
MailboxAddress[] people =
[
    new("Ben Okafor", "ben@example.org"), new("Zoë Müller", "zoe@example.org"), new("José Álvarez", "jose@example.net"),
    new("Łukasz Wójcik", "lukasz@example.org"), new("田中 花子", "hanako@example.net"), new("Мария Иванова", "maria@example.org"),
    new("Grace Lee", "grace@example.com"), new("Åsa Lindqvist", "asa@example.net"), new("", "no-name@example.org"),
];
string[] topics =
[
    "Harbour tour on Saturday", "Offer for the new shelves", "Größe und Maß der Fenster", "Réunion de jeudi", "Notes from the workshop", "来週の会議について",
    "План на весну", "Keys for the office", "Translation of the manual", "Spring release", "Lost umbrella", "Budget, second draft", "Photos from the hike 🏔",
    "Zażółć gęślą jaźń", "Server room temperature", "Welcome to the team", "Recipe you asked for", "Questions about the contract",
];
string[] sentences =
[
    "Thank you for the quick answer.", "I have looked through it and have two small remarks.", "Could we move it to Thursday at ten?", "The numbers in the table are from last week.",
    "Grüße aus Köln, hier regnet es.", "Let me know if anything is missing.", "The attachment has the newest version.", "It took longer than planned, but it works now.",
    "À bientôt, et merci encore.", "I will call you when I am on the train.", "That sounds good to me.", "Please do not forward this before Friday.",
];

using var client = new ImapClient();
await client.ConnectAsync("127.0.0.1", int.Parse(args[0], CultureInfo.InvariantCulture), SecureSocketOptions.None);
await client.AuthenticateAsync(args[1], args[2]);
var root = client.GetFolder(client.PersonalNamespaces[0]);
var projects = await root.CreateAsync("Projects", true);
var harbour = await projects!.CreateAsync("Harbour", true);
var receipts = await root.CreateAsync("Belege & Quittungen", true);
await projects.SubscribeAsync();
await harbour!.SubscribeAsync();
await receipts!.SubscribeAsync();
await client.Inbox.SubscribeAsync();
var (sent, drafts, archive, junk, trash) = (await Folder("Sent"), await Folder("Drafts"), await Folder("Archive"), await Folder("Junk"), await Folder("Trash"));

var mail = new List<(IMailFolder Folder, MimeMessage Message, MessageFlags Flags)>();
for (var i = 0; i < 36; i++)
{
    AddThread(topics[i % topics.Length], i % 5 == 0 ? harbour : i % 3 == 0 ? archive : client.Inbox);
}

for (var i = 0; i < 30; i++)
{
    AddNewsletter(i);
}

for (var i = 0; i < 24; i++)
{
    AddReceipt(i);
}

for (var i = 0; i < 8; i++)
{
    Add(junk, Message(new("Totally Real Bank", "win@example.net"), me, $"You have WON {1_000_000 - i:N0} !!!", Day(), new BodyBuilder { HtmlBody = "<h1>Click <a href=\"https://example.net/\">here</a></h1><script>alert(1)</script>" }), MessageFlags.None);
    Add(trash, Message(Someone(), me, "Out of office", Day(), Text()), MessageFlags.Seen);
}

for (var i = 0; i < 3; i++)
{
    Add(drafts, Message(me, Someone(), $"Draft {i + 1}: {topics[i]}", Day(), Text()), MessageFlags.Draft | MessageFlags.Seen);
}

AddInvitation();
foreach (var (folder, message, flags) in mail.OrderBy(m => m.Message.Date))
{
    var keywords = new HashSet<string>(message.Attachments.Any() ? ["$HasFile"] : []);
    await folder.AppendAsync(new AppendRequest(message, flags, message.Date) { Keywords = keywords });
}

Console.WriteLine($"{mail.Count} messages in {mail.Select(m => m.Folder.FullName).Distinct().Count()} mailboxes");
await client.DisconnectAsync(true);

Task<IMailFolder> Folder(string name) => client.GetFolderAsync(name);

MailboxAddress Someone() => people[random.Next(people.Length)];

DateTimeOffset Day() => start.AddMinutes(random.Next(90 * 24 * 60));

void Add(IMailFolder folder, MimeMessage message, MessageFlags flags) => mail.Add((folder, message, flags));

BodyBuilder Text()
{
    var lines = Enumerable.Range(0, random.Next(2, 7)).Select(_ => sentences[random.Next(sentences.Length)]).ToArray();
    var body = new BodyBuilder { TextBody = string.Join("\r\n\r\n", lines) + "\r\n" };
    if (random.Next(2) == 0)
    {
        body.HtmlBody = $"<html><body>{string.Concat(lines.Select(line => $"<p>{line}</p>"))}</body></html>";
    }

    return body;
}

MimeMessage Message(MailboxAddress from, MailboxAddress to, string subject, DateTimeOffset date, BodyBuilder body) => new()
{
    From = { from },
    To = { to },
    Subject = subject,
    Date = date,
    MessageId = $"sample.{++counter}@example.org",
    Body = body.ToMessageBody(),
};

// A conversation of up to five messages; what I wrote is in Sent.
void AddThread(string topic, IMailFolder folder)
{
    var other = Someone();
    var date = Day();
    MimeMessage? before = null;
    var length = random.Next(2, 6);
    for (var i = 0; i < length && date < DateTimeOffset.Now; i++, date = date.AddHours(random.Next(1, 30)))
    {
        var mine = i % 2 == 1;
        var body = Text();
        if (random.Next(4) == 0)
        {
            body.Attachments.Add($"Übersicht {i + 1}.csv", Encoding.UTF8.GetBytes("name;count\r\nshelf;3\r\nlamp;12\r\n"), new ContentType("text", "csv"));
        }

        var message = Message(mine ? me : other, mine ? other : me, before is null ? topic : $"Re: {topic}", date, body);
        if (before is not null)
        {
            message.InReplyTo = before.MessageId;
            message.References.AddRange([.. before.References, before.MessageId!]);
        }

        if (random.Next(3) == 0)
        {
            message.Cc.Add(Someone());
        }

        var flags = MessageFlags.Seen | (i < length - 1 ? MessageFlags.Answered : MessageFlags.None) | (random.Next(6) == 0 ? MessageFlags.Flagged : MessageFlags.None);
        Add(mine ? sent : folder, message, mine || i < length - 1 ? flags | MessageFlags.Seen : flags & ~MessageFlags.Seen);
        before = message;
    }
}

// HTML with an image inside and one from elsewhere.
void AddNewsletter(int number)
{
    var body = new BodyBuilder { TextBody = $"News number {number + 1}, as plain text.\r\n" };
    var logo = body.LinkedResources.Add("logo.png", Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), new ContentType("image", "png"));
    logo.ContentId = $"logo{number}@example.org";
    body.HtmlBody = $"<html><body><img src=\"cid:{logo.ContentId}\" alt=\"logo\"><h1>News {number + 1}</h1><p>{sentences[number % sentences.Length]}</p><img src=\"https://example.org/pixel.gif\" width=\"1\"></body></html>";
    var message = Message(new("The Harbour Gazette", "news@example.org"), me, $"The Harbour Gazette, no. {number + 1}", start.AddDays(3 * number), body);
    message.Headers.Add(HeaderId.ListUnsubscribe, "<mailto:leave@example.org>");
    Add(client.Inbox, message, number < 25 ? MessageFlags.Seen : MessageFlags.None);
}

void AddReceipt(int number)
{
    var body = new BodyBuilder { TextBody = $"Thank you for order {4711 + number}. The receipt is attached.\r\n" };
    body.Attachments.Add($"receipt-{4711 + number}.pdf", Encoding.ASCII.GetBytes("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"), new ContentType("application", "pdf"));
    Add(number % 2 == 0 ? receipts : client.Inbox, Message(new("Nordic Shelves", "orders@example.com"), me, $"Receipt for order {4711 + number}", Day(), body), number % 3 == 0 ? MessageFlags.None : MessageFlags.Seen);
}

void AddInvitation()
{
    var date = DateTimeOffset.Now.AddHours(-2);
    var calendar = new TextPart("calendar") { Text = $"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@example.org\r\nDTSTAMP:{date.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}\r\nDTSTART:{date.UtcDateTime.AddDays(3):yyyyMMdd'T'HHmmss'Z'}\r\nSUMMARY:Harbour tour\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n" };
    calendar.ContentType.Parameters.Add("method", "REQUEST");
    var message = Message(people[1], me, "Invitation: Harbour tour", date, new BodyBuilder());
    message.Body = new MultipartAlternative { new TextPart("plain") { Text = "You are invited to the harbour tour.\r\n" }, calendar };
    Add(client.Inbox, message, MessageFlags.None);
}
