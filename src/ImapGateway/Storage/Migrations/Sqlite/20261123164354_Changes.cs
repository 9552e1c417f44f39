using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ImapGateway.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Changes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "Baseline",
                table: "mailbox",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "Lost",
                table: "mailbox",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<long>(
                name: "ShownAs",
                table: "mailbox",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<bool>(
                name: "Unmatched",
                table: "mailbox",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<long>(
                name: "Sequence",
                table: "fence",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<bool>(
                name: "Paused",
                table: "account",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "Synced",
                table: "account",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<int>(
                name: "Told",
                table: "account",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Watch",
                table: "account",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateTable(
                name: "change",
                columns: table => new
                {
                    Row = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Transaction = table.Column<long>(type: "INTEGER", nullable: false, defaultValueSql: "0"),
                    Incarnation = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    Sequence = table.Column<long>(type: "INTEGER", nullable: false),
                    Account = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Type = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    Timestamp = table.Column<long>(type: "INTEGER", nullable: false),
                    Mailbox = table.Column<long>(type: "INTEGER", nullable: false),
                    FromMailbox = table.Column<long>(type: "INTEGER", nullable: false),
                    Role = table.Column<int>(type: "INTEGER", nullable: true),
                    FromRole = table.Column<int>(type: "INTEGER", nullable: true),
                    Metadata = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Data = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Message = table.Column<byte[]>(type: "BLOB", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_change", x => x.Row);
                });

            migrationBuilder.CreateTable(
                name: "pending",
                columns: table => new
                {
                    Incarnation = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    Mailbox = table.Column<long>(type: "INTEGER", nullable: false),
                    Uid = table.Column<long>(type: "INTEGER", nullable: false),
                    Leaving = table.Column<bool>(type: "INTEGER", nullable: false),
                    Flags = table.Column<string>(type: "TEXT", nullable: false),
                    ModSeq = table.Column<long>(type: "INTEGER", nullable: false),
                    Fingerprint = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_pending", x => new { x.Incarnation, x.Mailbox, x.Uid });
                });

            migrationBuilder.CreateTable(
                name: "store",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false),
                    Incarnation = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    PurgedTransaction = table.Column<long>(type: "INTEGER", nullable: false),
                    PurgedRow = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_store", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "webhook",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Url = table.Column<string>(type: "TEXT", nullable: false),
                    Description = table.Column<string>(type: "TEXT", nullable: true),
                    Types = table.Column<string>(type: "TEXT", nullable: false),
                    Accounts = table.Column<string>(type: "TEXT", nullable: true),
                    Mailboxes = table.Column<string>(type: "TEXT", nullable: true),
                    Roles = table.Column<string>(type: "TEXT", nullable: true),
                    Format = table.Column<int>(type: "INTEGER", nullable: false),
                    Order = table.Column<int>(type: "INTEGER", nullable: false),
                    IncludeBody = table.Column<bool>(type: "INTEGER", nullable: false),
                    HeaderNames = table.Column<string>(type: "TEXT", nullable: false),
                    HeaderSecret = table.Column<string>(type: "TEXT", nullable: true),
                    Secret = table.Column<string>(type: "TEXT", nullable: false),
                    PreviousSecret = table.Column<string>(type: "TEXT", nullable: true),
                    PreviousSecretUntil = table.Column<long>(type: "INTEGER", nullable: true),
                    KeyId = table.Column<string>(type: "TEXT", maxLength: 64, nullable: true),
                    GrantedScopes = table.Column<int>(type: "INTEGER", nullable: false),
                    GrantedAccounts = table.Column<string>(type: "TEXT", nullable: true),
                    State = table.Column<int>(type: "INTEGER", nullable: false),
                    Reason = table.Column<string>(type: "TEXT", nullable: true),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    FollowsSince = table.Column<long>(type: "INTEGER", nullable: false),
                    ProbeFailures = table.Column<int>(type: "INTEGER", nullable: false),
                    NextProbeAt = table.Column<long>(type: "INTEGER", nullable: true),
                    LastSuccessAt = table.Column<long>(type: "INTEGER", nullable: true),
                    LastExpiredAt = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_webhook", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "webhook_delivery",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Webhook = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Incarnation = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    Sequence = table.Column<long>(type: "INTEGER", nullable: false),
                    Account = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Type = table.Column<int>(type: "INTEGER", nullable: false),
                    Timestamp = table.Column<long>(type: "INTEGER", nullable: false),
                    State = table.Column<int>(type: "INTEGER", nullable: false),
                    Form = table.Column<int>(type: "INTEGER", nullable: false),
                    Failures = table.Column<int>(type: "INTEGER", nullable: false),
                    Attempts = table.Column<string>(type: "TEXT", nullable: false),
                    Answer = table.Column<byte[]>(type: "BLOB", nullable: false),
                    NextAttemptAt = table.Column<long>(type: "INTEGER", nullable: true),
                    Payload = table.Column<byte[]>(type: "BLOB", nullable: true),
                    UpdatedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_webhook_delivery", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "webhook_lane",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Webhook = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Incarnation = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    Account = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Cursor = table.Column<long>(type: "INTEGER", nullable: false),
                    End = table.Column<long>(type: "INTEGER", nullable: true),
                    Generation = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_webhook_lane", x => x.Id);
                    table.ForeignKey(
                        name: "FK_webhook_lane_webhook_Webhook",
                        column: x => x.Webhook,
                        principalTable: "webhook",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_change_Incarnation_Sequence",
                table: "change",
                columns: new[] { "Incarnation", "Sequence" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_change_Transaction_Row",
                table: "change",
                columns: new[] { "Transaction", "Row" });

            migrationBuilder.CreateIndex(
                name: "IX_webhook_CreatedAt_Id",
                table: "webhook",
                columns: new[] { "CreatedAt", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_webhook_KeyId",
                table: "webhook",
                column: "KeyId");

            migrationBuilder.CreateIndex(
                name: "IX_webhook_delivery_UpdatedAt",
                table: "webhook_delivery",
                column: "UpdatedAt");

            migrationBuilder.CreateIndex(
                name: "IX_webhook_delivery_Webhook_Id",
                table: "webhook_delivery",
                columns: new[] { "Webhook", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_webhook_delivery_Webhook_Incarnation_Sequence",
                table: "webhook_delivery",
                columns: new[] { "Webhook", "Incarnation", "Sequence" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_webhook_delivery_Webhook_State_NextAttemptAt",
                table: "webhook_delivery",
                columns: new[] { "Webhook", "State", "NextAttemptAt" });

            migrationBuilder.CreateIndex(
                name: "IX_webhook_lane_Incarnation_Cursor",
                table: "webhook_lane",
                columns: new[] { "Incarnation", "Cursor" });

            migrationBuilder.CreateIndex(
                name: "IX_webhook_lane_Webhook_Incarnation",
                table: "webhook_lane",
                columns: new[] { "Webhook", "Incarnation" },
                unique: true,
                filter: "\"End\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_webhook_lane_Webhook_Incarnation_End",
                table: "webhook_lane",
                columns: new[] { "Webhook", "Incarnation", "End" },
                unique: true,
                filter: "\"End\" IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "change");

            migrationBuilder.DropTable(
                name: "pending");

            migrationBuilder.DropTable(
                name: "store");

            migrationBuilder.DropTable(
                name: "webhook_delivery");

            migrationBuilder.DropTable(
                name: "webhook_lane");

            migrationBuilder.DropTable(
                name: "webhook");

            migrationBuilder.DropColumn(
                name: "Baseline",
                table: "mailbox");

            migrationBuilder.DropColumn(
                name: "Lost",
                table: "mailbox");

            migrationBuilder.DropColumn(
                name: "ShownAs",
                table: "mailbox");

            migrationBuilder.DropColumn(
                name: "Unmatched",
                table: "mailbox");

            migrationBuilder.DropColumn(
                name: "Sequence",
                table: "fence");

            migrationBuilder.DropColumn(
                name: "Paused",
                table: "account");

            migrationBuilder.DropColumn(
                name: "Synced",
                table: "account");

            migrationBuilder.DropColumn(
                name: "Told",
                table: "account");

            migrationBuilder.DropColumn(
                name: "Watch",
                table: "account");
        }
    }
}
