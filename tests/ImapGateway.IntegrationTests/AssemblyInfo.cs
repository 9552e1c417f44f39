using System.Runtime.Versioning;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Sync;

// The servers are Debian packages, their ends are signals, and memory is read from /proc.
[assembly: SupportedOSPlatform("linux")]
[assembly: AssemblyFixture(typeof(SharedServers))]
[assembly: AssemblyFixture(typeof(TierServers))]
