# Not built by ./dev test, which needs no container engine: build it with  docker build -t imapgateway .
# Run:  docker run -p 8080:8080 -v imapgateway:/data imapgateway      (the admin key is named on the console at the first start)
# Runs on the machine that builds, for the one that is meant. Alpine's SDK publishes for Alpine's C library, which the image below has.
FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:10.0-alpine AS build
ARG TARGETARCH
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig ./
COPY src/ImapGateway/ImapGateway.csproj src/ImapGateway/
RUN dotnet restore src/ImapGateway -a $TARGETARCH -p:PublishReadyToRun=true
COPY appsettings*.json ./
COPY src/ImapGateway src/ImapGateway
# Not trimmed: Orleans finds its parts by reflection at start.
RUN dotnet publish src/ImapGateway -c Release -a $TARGETARCH --self-contained false --no-restore -o /app && install -d -m 0700 -o 1654 -g 1654 /data

# The Alpine image brings wget (BusyBox), which a health check needs; the chiseled ones bring no program at all.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-alpine
WORKDIR /app
COPY --from=build /app .
# A new volume takes the owner and mode of the directory it covers. 1654 is the user "app" of Microsoft's images.
COPY --from=build --chown=1654:1654 /data /data
ENV ASPNETCORE_URLS=http://+:8080 \
    ASPNETCORE_HTTP_PORTS= \
    DataDirectory=/data
USER 1654
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
    CMD wget -q -O /dev/null http://127.0.0.1:8080/health/ready || exit 1
ENTRYPOINT ["dotnet", "ImapGateway.dll"]
