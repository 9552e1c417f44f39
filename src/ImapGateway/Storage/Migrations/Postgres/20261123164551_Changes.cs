using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace ImapGateway.Storage.Migrations.Postgres
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
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "Lost",
                table: "mailbox",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<long>(
                name: "ShownAs",
                table: "mailbox",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<bool>(
                name: "Unmatched",
                table: "mailbox",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<long>(
                name: "Sequence",
                table: "fence",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<bool>(
                name: "Paused",
                table: "account",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "Synced",
                table: "account",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<int>(
                name: "Told",
                table: "account",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Watch",
                table: "account",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateTable(
                name: "change",
                columns: table => new
                {
                    Row = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    Transaction = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "pg_current_xact_id()::text::bigint"),
                    Incarnation = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    Sequence = table.Column<long>(type: "bigint", nullable: false),
                    Account = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Type = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    Timestamp = table.Column<long>(type: "bigint", nullable: false),
                    Mailbox = table.Column<long>(type: "bigint", nullable: false),
                    FromMailbox = table.Column<long>(type: "bigint", nullable: false),
                    Role = table.Column<int>(type: "integer", nullable: true),
                    FromRole = table.Column<int>(type: "integer", nullable: true),
                    Metadata = table.Column<byte[]>(type: "bytea", nullable: false),
                    Data = table.Column<byte[]>(type: "bytea", nullable: false),
                    Message = table.Column<byte[]>(type: "bytea", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_change", x => x.Row);
                })
                .Annotation("Npgsql:StorageParameter:autovacuum_vacuum_scale_factor", 0.02);

            migrationBuilder.CreateTable(
                name: "pending",
                columns: table => new
                {
                    Incarnation = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    Mailbox = table.Column<long>(type: "bigint", nullable: false),
                    Uid = table.Column<long>(type: "bigint", nullable: false),
                    Leaving = table.Column<bool>(type: "boolean", nullable: false),
                    Flags = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    ModSeq = table.Column<long>(type: "bigint", nullable: false),
                    Fingerprint = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_pending", x => new { x.Incarnation, x.Mailbox, x.Uid });
                })
                .Annotation("Npgsql:StorageParameter:autovacuum_vacuum_scale_factor", 0.02);

            migrationBuilder.CreateTable(
                name: "store",
                columns: table => new
                {
                    Id = table.Column<int>(type: "integer", nullable: false),
                    Incarnation = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    PurgedTransaction = table.Column<long>(type: "bigint", nullable: false),
                    PurgedRow = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_store", x => x.Id);
                })
                .Annotation("Npgsql:StorageParameter:autovacuum_vacuum_scale_factor", 0.02);

            migrationBuilder.CreateTable(
                name: "webhook",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Url = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Description = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Types = table.Column<string>(type: "text", nullable: false),
                    Accounts = table.Column<string>(type: "text", nullable: true),
                    Mailboxes = table.Column<string>(type: "text", nullable: true),
                    Roles = table.Column<string>(type: "text", nullable: true),
                    Format = table.Column<int>(type: "integer", nullable: false),
                    Order = table.Column<int>(type: "integer", nullable: false),
                    IncludeBody = table.Column<bool>(type: "boolean", nullable: false),
                    HeaderNames = table.Column<string>(type: "text", nullable: false),
                    HeaderSecret = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Secret = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    PreviousSecret = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    PreviousSecretUntil = table.Column<long>(type: "bigint", nullable: true),
                    KeyId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    GrantedScopes = table.Column<int>(type: "integer", nullable: false),
                    GrantedAccounts = table.Column<string>(type: "text", nullable: true),
                    State = table.Column<int>(type: "integer", nullable: false),
                    Reason = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    FollowsSince = table.Column<long>(type: "bigint", nullable: false),
                    ProbeFailures = table.Column<int>(type: "integer", nullable: false),
                    NextProbeAt = table.Column<long>(type: "bigint", nullable: true),
                    LastSuccessAt = table.Column<long>(type: "bigint", nullable: true),
                    LastExpiredAt = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_webhook", x => x.Id);
                })
                .Annotation("Npgsql:StorageParameter:autovacuum_vacuum_scale_factor", 0.02);

            migrationBuilder.CreateTable(
                name: "webhook_delivery",
                columns: table => new
                {
                    Id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    Webhook = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Incarnation = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    Sequence = table.Column<long>(type: "bigint", nullable: false),
                    Account = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Type = table.Column<int>(type: "integer", nullable: false),
                    Timestamp = table.Column<long>(type: "bigint", nullable: false),
                    State = table.Column<int>(type: "integer", nullable: false),
                    Form = table.Column<int>(type: "integer", nullable: false),
                    Failures = table.Column<int>(type: "integer", nullable: false),
                    Attempts = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Answer = table.Column<byte[]>(type: "bytea", nullable: false),
                    NextAttemptAt = table.Column<long>(type: "bigint", nullable: true),
                    Payload = table.Column<byte[]>(type: "bytea", nullable: true),
                    UpdatedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_webhook_delivery", x => x.Id);
                })
                .Annotation("Npgsql:StorageParameter:autovacuum_vacuum_scale_factor", 0.02);

            migrationBuilder.CreateTable(
                name: "webhook_lane",
                columns: table => new
                {
                    Id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    Webhook = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Incarnation = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    Account = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Cursor = table.Column<long>(type: "bigint", nullable: false),
                    End = table.Column<long>(type: "bigint", nullable: true),
                    Generation = table.Column<long>(type: "bigint", nullable: false)
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
                })
                .Annotation("Npgsql:StorageParameter:autovacuum_vacuum_scale_factor", 0.02);

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
