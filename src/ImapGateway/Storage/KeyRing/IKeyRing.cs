using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace ImapGateway.Storage.KeyRing;

/// <summary>Where Data Protection keeps its keys.</summary>
public interface IKeyRing : IXmlRepository
{
    /// <summary>Replaces elements so that nothing of the old ones stays behind where the storage allows that. A crash leaves each element either as it was or replaced.</summary>
    /// <param name="change">Gives the new element, or null where it stays as it is.</param>
    /// <returns>How many were replaced.</returns>
    int Rewrite(Func<XElement, XElement?> change);
}

/// <summary>What has to be right about the key ring while the storage is opened.</summary>
public interface IKeyRingGuard
{
    /// <summary>Called before anything is changed.</summary>
    /// <exception cref="Settings.StartupException">Keys of the ring cannot be decrypted: with a new ring beside them all stored secrets would be lost.</exception>
    void Verify(IKeyRing ring);

    /// <summary>Called when the tables are up to date: encrypts the ring as the settings say.</summary>
    void Protect(IKeyRing ring);
}
